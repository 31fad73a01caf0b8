"""Statements of the course that a computation can prove wrong: one file each, found by its name.

A file's docstring begins with the statement; its function `check` measures and judges.
"""

from __future__ import annotations

import ast
import dataclasses
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean

Number = float | int | None


@dataclasses.dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        name: of the check.
        statement: the sentence that is checked.
        numbers: what was measured, by name; what the tolerance is for stands first.
        tolerance: bound on the first number.
        holds: whether the statement does.
    """

    name: str
    statement: str
    numbers: Mapping[str, Number]
    tolerance: float
    holds: bool

    @classmethod
    def of(cls, module: str, numbers: Mapping[str, Number], *, tolerance: float, holds: bool) -> Result:
        """Return the result of the check that is written in a module of this package, given by its `__name__`."""
        name = module.rpartition(".")[2].replace("_", "-")
        return cls(name, statement(name), numbers, tolerance, bool(holds))

    def described(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**dataclasses.asdict(self), "numbers": dict(self.numbers)}


def names() -> list[str]:
    """Return the names of all checks, in alphabetical order, without importing any."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def statement(name: str) -> str:
    """Return the sentence that a check is about, without importing it."""
    source = Path(__path__[0], f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]
    return " ".join(first.split())


def run(name: str) -> Result:
    """Carry out a check; this loads what it needs.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in names():
        meant = did_you_mean(name, names())
        raise UsageError(f"IDENTITY must be one of {', '.join(names())}, got {name!r}{meant}")
    found: Result = import_module(f"dlcli.checks.{name.replace('-', '_')}").check()
    return found
