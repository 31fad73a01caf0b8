"""Paths of optimizers on a surface of two variables."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures import named_surface
from dlcli.optim import descent
from dlcli.optim import landscape as land
from dlcli.optim.landscape import Landscape
from dlcli.optim.surfaces import SURFACES
from dlcli.options.common import Options
from dlcli.options.optimizers import OPTIMIZERS, OptimizerName
from dlcli.plot import palette
from dlcli.plot.charts.surface import value_scale
from dlcli.serve.action import Action, Kind, Seed, Values, png, rounded, single

_POINTS = 401  # of a path in a response
_RUNNERS = 8
_GRID = 301  # points along each axis
_BANDS = 24  # shades, whose edges are contours
_PALE = 0.35  # weight of white, on which the paths are visible
_START = ("sgd", "momentum", "rmsprop", "adam")
_FAR = 1e6  # largest coordinate in a response

SurfaceName = Annotated[str, Field(max_length=40, description=f"One of {', '.join(SURFACES)}.")]
Number = Annotated[float, Field(ge=-_FAR, le=_FAR)]


class SurfaceBody(Options):
    """A surface."""

    surface: SurfaceName = "rosenbrock"


class Runner(Options):
    """An optimizer."""

    name: OptimizerName
    learning_rate: Annotated[float, Field(gt=0, le=1e6)]


class DescendBody(SurfaceBody):
    """A start, and the optimizers that descend from it."""

    start: Annotated[list[Number], Field(min_length=2, max_length=2, description="x and y.")]
    optimizers: Annotated[list[Runner], Field(min_length=1, max_length=_RUNNERS)]
    steps: Annotated[Literal[50, 100, 200, 500, 1000], Field(description="Steps of each optimizer.")] = 200
    momentum: Annotated[Literal["0.5", "0.8", "0.9", "0.95", "0.99"], Field(description="Momentum coefficient.")] = (
        "0.9"
    )
    gradient_noise: Annotated[float, Field(ge=0, le=1e6, description="Standard deviation of the noise.")] = 0.0
    seed: Seed = 0


def kind() -> Kind:
    """Return what is served of the surfaces."""
    surfaces = _Surfaces()
    actions = {
        "surface": Action(
            "Return a picture of a surface, its stationary points and learning rates.",
            SurfaceBody,
            single(surfaces.show),
        ),
        "descend": Action("Return the paths of optimizers.", DescendBody, single(surfaces.descend)),
    }
    data = {"surfaces": list(SURFACES), "optimizers": list(OPTIMIZERS), "chosen": list(_START), "most": _RUNNERS}
    return Kind("surface", actions, data)


class _Surfaces:
    """The surfaces, each measured once."""

    def __init__(self) -> None:
        self._measured: dict[str, Landscape] = {}

    def show(self, body: SurfaceBody) -> Values:
        """Return a picture of a surface, its stationary points, and the default learning rates from its start."""
        chosen, measured = self._get(body.surface)
        (left, right), (bottom, top) = chosen.domain
        curvature = land.steepest_curvature(chosen.value, measured, chosen.start)
        diagonal = math.hypot(right - left, top - bottom)
        return {
            "title": named_surface.title(chosen),
            "domain": [[left, right], [bottom, top]],
            "start": list(chosen.start),
            "image": _picture(measured.heights),
            "stationary": [{"kind": each.kind, "x": each.x, "y": each.y} for each in measured.stationary],
            "rates": {name: descent.default_rate(name, curvature, diagonal) for name in OPTIMIZERS},
        }

    def descend(self, body: DescendBody) -> Values:
        """Return the path of each optimizer, up to where it diverges, and f − min along it."""
        chosen, measured = self._get(body.surface)
        start = (body.start[0], body.start[1])
        height, slope, _ = land.derivatives(chosen.value, np.array([start]))
        if not (np.isfinite(height).all() and np.isfinite(slope).all()):
            raise UsageError("f and its gradient must be finite at the start")
        minima = [each.value for each in measured.stationary if each.kind in ("minimum", "flat")]
        lowest = min([*minima, float(np.nanmin(measured.heights))])
        paths = []
        for each in body.optimizers:  # one by one, so that a function is compiled per optimizer, not per set of them
            runner = (each.name, each.learning_rate)
            noise, momentum = body.gradient_noise, float(body.momentum)
            found = descent.descend(chosen.value, start, [runner], body.steps, momentum, noise=noise, seed=body.seed)
            paths.append({"name": each.name, **_path(chosen.value, found[:, 0], lowest)})
        return {"paths": paths}

    def _get(self, name: str) -> tuple[Any, Landscape]:
        if name not in SURFACES:
            raise UsageError(f"surface must be one of {', '.join(SURFACES)}")
        chosen = SURFACES[name]
        if name not in self._measured:
            self._measured[name] = land.survey(chosen.value, chosen.domain, _GRID, known=chosen.minima)
        return chosen, self._measured[name]


def _path(value: Any, points: np.ndarray, lowest: float) -> Values:
    """Return the points of a path that are finite, thinned, with f − min of each."""
    heights = land.heights(value, points)
    wrong = np.flatnonzero(~(np.isfinite(heights) & (np.abs(points) <= _FAR).all(axis=1)))
    end = int(wrong[0]) if wrong.size else len(points)
    kept = np.unique(np.rint(np.linspace(0, end - 1, min(end, _POINTS))).astype(int))
    gaps = np.maximum(heights[kept] - lowest, 0.0)
    return {
        "steps": kept.tolist(),
        "points": rounded(points[kept], 5),
        "gaps": [float(f"{each:.4g}") for each in gaps],
        "diverged": bool(wrong.size),
    }


def _picture(heights: np.ndarray) -> str:
    """Return the surface in bands of equal colour, low values dark; the first row is the top."""
    shades = 1 - value_scale(heights).shades(heights)
    bands = np.where(
        np.isnan(shades), np.nan, np.floor(np.nan_to_num(shades) * _BANDS).clip(0, _BANDS - 1) / (_BANDS - 1)
    )
    colors = (1 - _PALE) * palette.paint(bands, "blues") + _PALE
    return png((255 * colors[::-1]).astype(np.uint8))
