"""Figures: each is an options class in `options/` and a file of the same name with a function `draw`.

What they share: `subject.py` (networks, layers, images), `held_out.py` (examples of a run's validation split),
`named_surface.py` (surfaces) and `json_values.py` (JSON).
"""

import sys
from collections.abc import Mapping
from typing import Any

from dlcli import discovery
from dlcli.options.common import Options
from dlcli.options.fields import can_read
from dlcli.techniques import opening

# Modules of options in the order of the course, as are the classes in each.
_OPTIONS = ("training", "images", "text", "representation", "generative")


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
    return next(name for name, model in main if trained is None or _is_main_for(model, trained))


def _is_main_for(model: Any, trained: Mapping[str, Any]) -> bool:
    where = model.main_figure_where
    return can_read(model, trained) and (not where or any(trained.get(name) == value for name, value in where))


def opened(name: str, options: Any, run: Any = None) -> tuple[Any, Any]:
    """Open the run, or the runs, that the options of a figure name.

    Args:
        name: of the figure.
        options: of the figure.
        run: a `TrainedRun`, used if it is the one that the options name.

    Returns:
        The options with the folders of the runs, and a `TrainedRun`, a list of them, or None.

    Raises:
        RunError: there is no such run, or the figure cannot be drawn of it.
        UsageError: an option does nothing with this run.
    """
    named = getattr(options, "run", None)
    if named is None:
        return options, None
    if isinstance(named, str):
        return opening.opened(options, options.technique, f"viz {name}", run)
    runs = [opening.open_run(each, options.technique, f"viz {name}") for each in named or ("",)]
    return options.model_copy(update={"run": tuple(str(run.folder) for run in runs)}), runs


def computes(name: str) -> bool:
    """Return whether a figure uses jax; loads the modules that it needs."""
    discovery.load(__name__, name)
    return "jax" in sys.modules


def draw(name: str, options: Any, run: Any = None) -> Any:
    """Draw a figure; loads what the figure needs.

    Args:
        name: of the figure.
        options: of the figure.
        run: what `opened` returned; without, what the options name is opened.
    """
    if run is None:
        options, run = opened(name, options)
    draw_figure = discovery.load(__name__, name).draw
    return draw_figure(options, run) if "run" in type(options).model_fields else draw_figure(options)
