"""Options of the figures: a class per figure, in the order of the course. Import-light, as `dlcli.options`."""

from __future__ import annotations

from dlcli.figures.options import generative, images, text, training
from dlcli.figures.options.base import FigureOptions

_MODULES = (training, images, text, generative)  # in the order of the course


def figure_options() -> list[type[FigureOptions]]:
    """Return the options class of every figure: the classes with examples, in the order in which they are defined."""
    return [
        each
        for module in _MODULES
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, FigureOptions)
        and each.__module__ == module.__name__
        and each.examples
    ]
