"""Techniques: each subfolder is one, and all have the same shape (see `dlcli/engine/learner.py`)."""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

from dlcli.errors import RunError


def names() -> list[str]:
    """Return the names of all techniques, in alphabetical order, without importing any."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def having(verb: str) -> list[str]:
    """Return the names of the techniques that have a verb, without importing any: each verb is a file."""
    files = ("learner.py", "train.py") if verb == "train" else (f"{verb}.py",)
    folders = {name: Path(__path__[0]) / name for name in names()}
    return [name for name, folder in folders.items() if any((folder / file).exists() for file in files)]


def options(name: str, verb: str) -> Any:
    """Return the options model of a technique's verb, or None where it has no such verb."""
    _require(name)
    return getattr(import_module(f"dlcli.techniques.{name}.options"), verb.title(), None)


def learner(name: str) -> Any:
    """Return the `Learner` of a technique; this loads jax."""
    _require(name)
    return import_module(f"dlcli.techniques.{name}.learner").Learner


def _require(name: str) -> None:
    # The name may come from a run folder that another version wrote.
    if name not in names():
        raise RunError(f"a run must be of one of {', '.join(names())}, found {name!r}")
