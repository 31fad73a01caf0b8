"""Figures: `options/` is the catalogue; each figure is a file of its name with a function `draw`.

What they share: `subject.py` (networks, layers, images), `choices.py` (names) and `numbers.py` (JSON).
"""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dlcli.options.common import Options
from dlcli.options.fields import reads


def catalogue() -> dict[str, type[Options]]:
    """Return the options of every figure by its name, in the order of the catalogue."""
    return {figure_name(model): model for model in import_module("dlcli.figures.options").CATALOGUE}


def of(technique: str) -> list[str]:
    """Return the names of the figures that are drawn of a run of this technique, but not of any run."""
    owners = {name: getattr(model, "technique", "") for name, model in catalogue().items()}
    return [name for name, owner in owners.items() if technique in ((owner,) if isinstance(owner, str) else owner)]


def best_of(technique: str, trained: Mapping[str, Any] | None = None) -> str:
    """Return the name of the figure to look at first, of a run of this technique trained with these options."""
    best = ((name, model) for name, model in catalogue().items() if technique in getattr(model, "best_of", ()))
    return next(name for name, model in best if trained is None or reads(model, trained))


def figure_name(model: type[Options]) -> str:
    """Turn `LearningCurves` into "learning-curves"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", model.__name__).lower()


def draw(name: str, options: Any) -> Any:
    """Draw a figure; this loads what the figure needs."""
    return import_module(f"dlcli.figures.{name.replace('-', '_')}").draw(options)
