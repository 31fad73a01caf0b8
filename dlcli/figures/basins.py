"""The basins of attraction of optimizers on a surface."""

from __future__ import annotations

import functools

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import named_surface
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import Basins as Options
from dlcli.optim import landscape
from dlcli.optim.descent import ends
from dlcli.optim.landscape import Stationary
from dlcli.optim.surfaces import Surface
from dlcli.plot import page, terminal
from dlcli.plot.charts.basins import NONE, Basins, BasinsChart

_NEAR = 0.02  # distance to a minimum, relative to the diagonal of the domain, at which it is reached


def draw(options: Options) -> Figure:
    """Start each optimizer at every point of a grid, and show which minimum it reaches."""
    on = named_surface.chosen(options)
    land = landscape.survey(on.value, on.domain, known=on.minima)
    minima = [each for each in land.stationary if each.kind == "minimum"]
    (left, right), (bottom, top) = on.domain
    x, y = np.linspace(left, right, options.starts), np.linspace(bottom, top, options.starts)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    highest = np.unravel_index(np.nanargmax(land.heights), land.heights.shape)
    curvature = landscape.steepest_curvature(on.value, land, (float(land.x[highest[1]]), float(land.y[highest[0]])))
    panels = []
    for runner in named_surface.runners(options, on, curvature):
        points = ends(on.value, starts, runner, options.steps, options.momentum)
        reached = _reached(points, minima, on).reshape(len(y), len(x))
        panels.append(Basins(f"{runner[0]} {runner[1]:g}", reached))
    title = f"basins of attraction after {options.steps:,} steps on {named_surface.title(on)}"
    places = [(each.x, each.y, each.value) for each in minima]
    surface = (land.x, land.y, land.heights)
    chart = BasinsChart(title, named_surface.rule(options, "in the domain"), x, y, surface, places, panels)
    numbers = {
        "surface": on.name,
        "formula": on.formula,
        "steps": options.steps,
        "x": to_json(x),
        "y": to_json(y),
        "learning_rate_rule": chart.note,
        "minima": [{"x": to_json(x), "y": to_json(y), "value": to_json(value)} for x, y, value in places],
        "optimizers": [
            {
                "label": panel.label,
                "fractions": [to_json(panel.fraction(number)) for number in range(len(minima))],
                "fraction_without_minimum": to_json(panel.fraction(NONE)),
                "reached": panel.reached.tolist(),
            }
            for panel in panels
        ],
    }
    return Figure("basins", page.basins.draw(chart), numbers, functools.partial(terminal.basins.draw, chart))


def _reached(points: np.ndarray, minima: list[Stationary], on: Surface) -> np.ndarray:
    """Return the index of the nearest minimum of each point [point, 2], or `NONE` where it is not near."""
    if not minima:
        return np.full(len(points), NONE)
    places = np.array([(each.x, each.y) for each in minima])
    distances = np.linalg.norm(points[:, None] - places[None], axis=-1)
    diagonal = np.linalg.norm([high - low for low, high in on.domain])
    with np.errstate(invalid="ignore"):
        near = np.nanmin(np.nan_to_num(distances, nan=np.inf), axis=1) <= _NEAR * diagonal
    return np.where(near, np.nan_to_num(distances, nan=np.inf).argmin(axis=1), NONE)
