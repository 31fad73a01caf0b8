"""Figures: an options class in `options/` and a file of the same name with a function `draw` make one.

What they share: `subject.py` (networks, layers, images) and `json_values.py` (JSON).
"""

from collections.abc import Mapping
from typing import Any

from dlcli import discovery
from dlcli.options.common import Options
from dlcli.options.fields import reads

# Modules of options in the order of the course, as are the classes in each.
_OPTIONS = ("training", "images", "text", "generative")


def catalogue() -> dict[str, type[Options]]:
    """Return the options of every figure by its name, in the order of the course."""
    base = discovery.load(__name__, "options", "base").FigureOptions
    found = (discovery.models(f"{__name__}.options.{file}", base) for file in _OPTIONS)
    return {name: model for models in found for name, model in models.items()}


def of(technique: str) -> list[str]:
    """Return the names of the figures that are drawn from a run of this technique, without those of any run."""
    owners = {name: getattr(model, "technique", "") for name, model in catalogue().items()}
    return [name for name, owner in owners.items() if technique in ((owner,) if isinstance(owner, str) else owner)]


def main_figure(technique: str, trained: Mapping[str, Any] | None = None) -> str:
    """Return the name of the most important figure of a technique, for a run trained with these options."""
    main = ((name, model) for name, model in catalogue().items() if technique in getattr(model, "main_figure_of", ()))
    return next(name for name, model in main if trained is None or reads(model, trained))


def draw(name: str, options: Any) -> Any:
    """Draw a figure; this loads what the figure needs."""
    return discovery.load(__name__, name).draw(options)
