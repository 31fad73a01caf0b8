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
    """Return the names of the techniques that have a verb, without importing any: each verb is a file.

    Those with a learner have `resume`; the others, which take no gradient steps, have a file `train.py` in its stead.
    """
    files = {"train": ("learner.py", "train.py"), "resume": ("learner.py",)}.get(verb, (f"{verb}.py",))
    folders = {name: Path(__path__[0]) / name for name in names()}
    return [name for name, folder in folders.items() if any((folder / file).exists() for file in files)]


def options(name: str, verb: str) -> Any:
    """Return the options model of a technique's verb, or None where it has no such verb."""
    _require(name)
    return getattr(import_module(f"dlcli.techniques.{name}.options"), verb.title(), None)


def learner(name: str) -> Any:
    """Return the `Learner` of a technique; this loads jax.

    Raises:
        RunError: there is no such technique, or it takes no gradient steps.
    """
    _require(name)
    if name not in having("resume"):
        raise RunError(f"a run of {name} has no training steps: choose a run of {', '.join(having('resume'))}")
    return import_module(f"dlcli.techniques.{name}.learner").Learner


def trainer(name: str) -> Any:
    """Return what a technique without gradient steps has in place of a learner (see `dlcli/engine/direct.py`)."""
    _require(name)
    return import_module(f"dlcli.techniques.{name}.train")


def _require(name: str) -> None:
    # The name may come from a run folder that another version wrote.
    if name not in names():
        raise RunError(f"a run must be of one of {', '.join(names())}, found {name!r}")
