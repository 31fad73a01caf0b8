"""Finds what a package offers by the names of its files: techniques, figures, studies, checks, verbs and charts.

A name on the command line is the name of a module, or of an options class, in kebab case. Nothing is imported before
it is needed.
"""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

Model = TypeVar("Model")


def names(package: str, *, folders: bool = False) -> list[str]:
    """Return the names of a package's modules in alphabetical order.

    Args:
        package: dotted name, such as "dlcli.checks".
        folders: whether to list the packages in it instead of all modules.
    """
    modules = pkgutil.iter_modules(_folders(package))
    return sorted(module.name.replace("_", "-") for module in modules if module.ispkg or not folders)


def load(package: str, name: str, part: str = "") -> ModuleType:
    """Import the module of a name, or with `part` the module of that name in its folder."""
    return import_module(".".join(filter(None, [package, name.replace("-", "_"), part])))


def lazy_modules(package: str) -> Callable[[str], ModuleType]:
    """Return a `__getattr__` for a package that imports a module of it when it is first used."""

    def get(name: str) -> ModuleType:
        if name.replace("_", "-") not in names(package):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return get


def summary(package: str, name: str) -> str:
    """Return the first paragraph of a module's docstring on one line, without importing the module."""
    return paragraphs(package, name)[0]


def paragraphs(package: str, name: str) -> list[str]:
    """Return the paragraphs of a module's docstring, each on one line, without importing the module."""
    path = Path(_folders(package)[0]) / name.replace("-", "_")
    source = (path / "__init__.py") if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return [first_paragraph(part) for part in docstring.split("\n\n")]


def models(module: str, base: type[Model]) -> dict[str, type[Model]]:
    """Return the classes that a module defines below `base` by name: "learning-curves" for `LearningCurves`."""
    found = vars(import_module(module)).values()
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "-", model.__name__).lower(): model
        for model in found
        if isinstance(model, type) and issubclass(model, base) and model is not base and model.__module__ == module
    }


def first_paragraph(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((docstring or "").split("\n\n")[0].split())


def _folders(package: str) -> list[str]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return spec.submodule_search_locations
