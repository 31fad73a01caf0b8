"""Figures: each has an options class in `options/` and a file of its name with a function `draw`.

The class `LearningCurves` is the figure `learning-curves`, drawn by `learning_curves.py`; nothing else lists it.
Shared by the figures: `subject.py` (networks, layers, images), `language.py` (language models), `choices.py` (names)
and `json_values.py`.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dlcli.options.common import Options
from dlcli.options.fields import reads


def catalogue() -> dict[str, type[Options]]:
    """Return the options class of every figure by its name, in the order of the course."""
    return {figure_name(model): model for model in import_module("dlcli.figures.options").figure_options()}


def of(technique: str) -> list[str]:
    """Return the names of the figures that are specific to runs of this technique."""
    owners = {name: getattr(model, "technique", "") for name, model in catalogue().items()}
    return [name for name, owner in owners.items() if technique in ((owner,) if isinstance(owner, str) else owner)]


def main_figure(technique: str, trained: Mapping[str, Any] | None = None) -> str:
    """Return the name of the most important figure of a technique, for a run trained with these options."""
    main = ((name, model) for name, model in catalogue().items() if technique in getattr(model, "main_figure_of", ()))
    return next(name for name, model in main if trained is None or reads(model, trained))


def figure_name(model: type[Options]) -> str:
    """Convert `LearningCurves` to "learning-curves"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", model.__name__).lower()


def draw(name: str, options: Any) -> Any:
    """Draw a figure; this imports what the figure needs."""
    return import_module(f"dlcli.figures.{name.replace('-', '_')}").draw(options)
