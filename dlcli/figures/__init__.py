"""Figures: `options/` is the catalogue; each figure is a file of its name with a function `draw`.

What they share: `subject.py` (networks, layers, images), `choices.py` (names) and `numbers.py` (JSON).
"""

import re
from importlib import import_module
from typing import Any

from dlcli.options import Options


def catalogue() -> dict[str, type[Options]]:
    """Return the options of every figure by its name, in the order of the catalogue."""
    return {figure_name(model): model for model in import_module("dlcli.figures.options").CATALOGUE}


def of(technique: str) -> list[str]:
    """Return the names of the figures that are drawn of a run of this technique, but not of any run."""
    owners = {name: getattr(model, "technique", "") for name, model in catalogue().items()}
    return [name for name, owner in owners.items() if technique in ((owner,) if isinstance(owner, str) else owner)]


def figure_name(model: type[Options]) -> str:
    """Turn `LearningCurves` into "learning-curves"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", model.__name__).lower()


def draw(name: str, options: Any) -> Any:
    """Draw a figure; this loads what the figure needs."""
    return import_module(f"dlcli.figures.{name.replace('-', '_')}").draw(options)
