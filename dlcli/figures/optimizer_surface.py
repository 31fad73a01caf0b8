"""The paths of optimizers over a surface with its stationary points."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import named_surface
from dlcli.figures.json_values import to_json
from dlcli.figures.options.base import parse_numbers
from dlcli.figures.options.training import OptimizerSurface
from dlcli.optim import landscape as land
from dlcli.optim.descent import descend
from dlcli.optim.landscape import Landscape
from dlcli.optim.surfaces import Point, Surface
from dlcli.plot import page, terminal
from dlcli.plot.charts.surface import Path, SurfaceChart

_MAX_POINTS = 1_000  # of a path in the JSON output
_CONVERGED = 1e-3  # f − f(minimum), relative to that of the start, at which an optimizer has converged
_MIN_GAP = 1e-12  # f − min below this is rounding


@dataclasses.dataclass(frozen=True, eq=False)
class _Run:
    """The path of one optimizer.

    Attributes:
        name: name of the optimizer.
        rate: learning rate.
        points: float [step + 1, 2].
        heights: float [step + 1], the values of f.
    """

    name: str
    rate: float
    points: np.ndarray
    heights: np.ndarray

    @property
    def steps(self) -> int:
        """Number of steps before it diverged, or all."""
        wrong = np.flatnonzero(~(np.isfinite(self.heights) & np.isfinite(self.points).all(axis=1)))
        return int(wrong[0]) - 1 if wrong.size else len(self.heights) - 1

    @property
    def diverged(self) -> bool:
        return self.steps < len(self.heights) - 1

    @property
    def end(self) -> Point:
        return float(self.points[self.steps][0]), float(self.points[self.steps][1])


def draw(options: OptimizerSurface) -> Figure:
    """Run the optimizers from one start, and draw their paths."""
    chosen = _chosen(options)
    found = land.survey(chosen.value, chosen.domain, known=chosen.minima)
    runs = _descend(chosen, found, options)
    lowest = _lowest(found, runs)
    title = named_surface.title(chosen)
    if options.gradient_noise:
        title += f"; gradient noise of standard deviation {options.gradient_noise:g}"
    paths = [
        Path(f"{run.name} {run.rate:g}", run.points, run.heights - lowest, _result(run, found, lowest)) for run in runs
    ]
    points = [(each.kind, each.x, each.y) for each in found.stationary]
    chart = SurfaceChart(
        title, found.x, found.y, found.heights, found.plateau, points, paths, note=named_surface.rule(options)
    )
    return Figure(
        "optimizer-surface",
        page.surface.draw(chart, three_d=options.three_d),
        _numbers(options, chosen, found, runs, lowest),
        functools.partial(terminal.surface.draw, chart),
        functools.partial(page.surface.animate, chart, three_d=options.three_d),
    )


def _chosen(options: OptimizerSurface) -> Surface:
    chosen = named_surface.chosen(options)
    if options.start:
        x, y = parse_numbers(options.start)
        chosen = dataclasses.replace(chosen, start=(x, y))
    if not named_surface.contains(chosen.domain, chosen.start):
        (left, right), (bottom, top) = chosen.domain
        raise UsageError(
            f"--start must lie within x {left:g} … {right:g} and y {bottom:g} … {top:g}, got {options.start}",
            hint="--domain changes the limits",
        )
    return chosen


def _descend(chosen: Surface, found: Landscape, options: OptimizerSurface) -> list[_Run]:
    height, slope, _ = land.derivatives(chosen.value, np.array([chosen.start]))
    if not (np.isfinite(height).all() and np.isfinite(slope).all()):
        raise UsageError(f"f and its gradient must be finite at the start {chosen.start}: give another --start")
    runners = named_surface.runners(options, chosen, land.steepest_curvature(chosen.value, found, chosen.start))
    noisy = {"noise": options.gradient_noise, "seed": options.seed}
    paths = descend(chosen.value, chosen.start, runners, options.steps, options.momentum, **noisy)  # [step, runner, 2]
    heights = land.heights(chosen.value, paths.reshape(-1, 2)).reshape(paths.shape[:2])
    return [_Run(name, rate, paths[:, number], heights[:, number]) for number, (name, rate) in enumerate(runners)]


def _lowest(found: Landscape, runs: list[_Run]) -> float:
    """Return the value of the lowest minimum, or the lowest value of a path if that is lower."""
    minima = [each.value for each in found.stationary if each.kind in ("minimum", "flat")]
    seen = [float(np.nanmin(found.heights)), *(float(np.nanmin(run.heights[: run.steps + 1])) for run in runs)]
    return min([*minima, *seen])


def _nearest(run: _Run, found: Landscape) -> tuple[int, float] | None:
    """Return the index of the stationary point nearest to the end of a path, and the distance."""
    if not found.stationary or run.diverged:
        return None
    away = [float(np.hypot(each.x - run.end[0], each.y - run.end[1])) for each in found.stationary]
    return int(np.argmin(away)), min(away)


def _converged_at(run: _Run, found: Landscape) -> int | None:
    """Return the first step from which f − f(nearest minimum) stays below `_CONVERGED` of its value at the start."""
    nearest = _nearest(run, found)
    if nearest is None or found.stationary[nearest[0]].kind != "minimum":
        return None
    target = found.stationary[nearest[0]].value
    high = run.heights - target > _CONVERGED * max(float(run.heights[0]) - target, _MIN_GAP)
    if high[-1]:
        return None
    return int(np.flatnonzero(high)[-1]) + 1 if high.any() else 0


def _result(run: _Run, found: Landscape, lowest: float) -> str:
    x, y = (round(place, 3) + 0.0 for place in run.end)  # avoids -0
    if run.diverged:
        return f"diverged at step {run.steps + 1}"
    height = float(run.heights[-1]) - lowest
    height = 0.0 if height < _MIN_GAP else height
    converged = _converged_at(run, found)
    result = f"({x:g}, {y:g}), f − min = {height:.2g}"
    return result if converged is None else f"{result}, converged at step {converged}"


def _numbers(
    options: OptimizerSurface, chosen: Surface, found: Landscape, runs: list[_Run], lowest: float
) -> dict[str, Any]:
    return {
        "surface": chosen.name,
        "formula": chosen.formula,
        "domain": to_json(chosen.domain),
        "start": to_json(chosen.start),
        "gradient_noise": options.gradient_noise,
        "learning_rate_rule": named_surface.rule(options),
        "known_minima": to_json(chosen.minima),
        "minimum": to_json(lowest),
        "stationary_points": [{name: _plain(value) for name, value in vars(each).items()} for each in found.stationary],
        "plateau_fraction": to_json(found.plateau.mean()),
        "optimizers": [_run_numbers(run, found, lowest) for run in runs],
    }


def _run_numbers(run: _Run, found: Landscape, lowest: float) -> dict[str, Any]:
    steps = np.unique(np.linspace(0, run.steps, min(run.steps + 1, _MAX_POINTS)).round().astype(int))
    nearest = _nearest(run, found)
    return {
        "name": run.name,
        "learning_rate": run.rate,
        "steps": to_json(steps),
        "path": to_json(run.points[steps]),
        "values": to_json(run.heights[steps]),
        "end": to_json(run.end),
        "gap_to_minimum": to_json(run.heights[run.steps] - lowest),
        "nearest": None if nearest is None else {"stationary_point": nearest[0], "distance": to_json(nearest[1])},
        "converged_at": _converged_at(run, found),
        "diverged_at": run.steps + 1 if run.diverged else None,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else to_json(value)
