"""Paths of optimizers over a surface, and what is remarkable on it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures.numbers import listed
from dlcli.figures.options.training import OptimizerSurface, parse_optimizers, parse_point
from dlcli.optim import landscape as land
from dlcli.optim.descent import Runner, default_rate, descend
from dlcli.optim.landscape import Landscape
from dlcli.optim.surfaces import Domain, Point, Surface, surface
from dlcli.plot import landscape as drawings
from dlcli.plot import terminal
from dlcli.plot.scene import Scene, Trail
from dlcli.plot.series import Panel, Series

_POINTS = 1_000  # of a path in the numbers
_THERE = 1e-3  # height above a minimum, as a share of the way down from the start, that counts as having reached it
_LEAST = 1e-12  # height that is drawn as the lowest; below it all is rounding


@dataclasses.dataclass(frozen=True, eq=False)
class _Run:
    """What one optimizer did: its rule and rate, its points [step + 1, 2] and their heights [step + 1]."""

    name: str
    rate: float
    points: np.ndarray
    heights: np.ndarray

    @property
    def steps(self) -> int:
        """Steps until it diverged, or all."""
        wrong = np.flatnonzero(~(np.isfinite(self.heights) & np.isfinite(self.points).all(axis=1)))
        return int(wrong[0]) - 1 if wrong.size else len(self.heights) - 1

    @property
    def diverged(self) -> bool:
        return self.steps < len(self.heights) - 1

    @property
    def end(self) -> Point:
        return float(self.points[self.steps][0]), float(self.points[self.steps][1])


def draw(options: OptimizerSurface) -> Figure:
    """Let the optimizers go from one start, and draw where they went."""
    chosen = _chosen(options)
    found = land.survey(chosen.value, chosen.domain)
    runs = _descend(chosen, found, options)
    lowest = _lowest(found, runs)
    title = f"{chosen.name}: {chosen.formula}" if chosen.name != chosen.formula else chosen.formula
    trails = [
        Trail(f"{run.name} {run.rate:g}", run.points, run.heights - lowest, _result(run, found, lowest)) for run in runs
    ]
    marks = [(each.kind, each.x, each.y) for each in found.stationary]
    scene = Scene(title, found.x, found.y, found.heights, found.plateau, marks, trails)
    return Figure(
        "optimizer-surface",
        drawings.landscape(scene, three_d=options.three_d),
        _numbers(chosen, found, runs, lowest),
        lambda width, colour, most=None: _sketch(scene, width, colour, most),
        lambda: drawings.animation(scene, three_d=options.three_d),
    )


def _chosen(options: OptimizerSurface) -> Surface:
    chosen = surface(options.surface)
    if options.domain:
        left, right, bottom, top = parse_point(options.domain)
        middle = ((3 * left + right) / 4, (bottom + 3 * top) / 4)
        domain: Domain = ((left, right), (bottom, top))
        inside = _contains(domain, chosen.start)
        chosen = dataclasses.replace(chosen, domain=domain, start=chosen.start if inside else middle)
    if options.start:
        x, y = parse_point(options.start)
        chosen = dataclasses.replace(chosen, start=(x, y))
    if not _contains(chosen.domain, chosen.start):
        (left, right), (bottom, top) = chosen.domain
        raise UsageError(
            f"--start must lie within x {left:g} … {right:g} and y {bottom:g} … {top:g}, got {options.start}",
            hint="--domain widens what is drawn",
        )
    return chosen


def _contains(domain: Domain, point: Point) -> bool:
    return all(low <= place <= high for (low, high), place in zip(domain, point, strict=True))


def _descend(chosen: Surface, found: Landscape, options: OptimizerSurface) -> list[_Run]:
    height, slope, _ = land.derivatives(chosen.value, np.array([chosen.start]))
    if not (np.isfinite(height).all() and np.isfinite(slope).all()):
        raise UsageError(
            f"the surface must have a height and a slope at the start {chosen.start}: give another --start"
        )
    curvature = land.steepest_curvature(chosen.value, found, chosen.start)
    diagonal = float(np.hypot(*(high - low for low, high in chosen.domain)))
    runners: list[Runner] = [
        (name, default_rate(name, curvature, diagonal) if rate is None else rate)
        for name, rate in parse_optimizers(options.optimizers)
    ]
    paths = descend(chosen.value, chosen.start, runners, options.steps, options.momentum)  # [step, runner, 2]
    heights = land.heights(chosen.value, paths.reshape(-1, 2)).reshape(paths.shape[:2])
    return [_Run(name, rate, paths[:, number], heights[:, number]) for number, (name, rate) in enumerate(runners)]


def _lowest(found: Landscape, runs: list[_Run]) -> float:
    """Return the height of the lowest minimum, or the lowest height seen where a path went below it."""
    minima = [each.value for each in found.stationary if each.kind in ("minimum", "flat")]
    seen = [float(np.nanmin(found.heights)), *(float(np.nanmin(run.heights[: run.steps + 1])) for run in runs)]
    return min([*minima, *seen])


def _nearest(run: _Run, found: Landscape) -> tuple[int, float] | None:
    """Return the number of the stationary point that is nearest to a path's end, and the distance."""
    if not found.stationary or run.diverged:
        return None
    away = [float(np.hypot(each.x - run.end[0], each.y - run.end[1])) for each in found.stationary]
    return int(np.argmin(away)), min(away)


def _arrival(run: _Run, found: Landscape) -> int | None:
    """Return the first step from which a path stays within a thousandth of its way down to the nearest minimum."""
    nearest = _nearest(run, found)
    if nearest is None or found.stationary[nearest[0]].kind != "minimum":
        return None
    target = found.stationary[nearest[0]].value
    high = run.heights - target > _THERE * max(float(run.heights[0]) - target, _LEAST)
    if high[-1]:
        return None
    return int(np.flatnonzero(high)[-1]) + 1 if high.any() else 0


def _result(run: _Run, found: Landscape, lowest: float) -> str:
    x, y = (round(place, 3) + 0.0 for place in run.end)  # no minus before a zero
    if run.diverged:
        return f"diverged at step {run.steps + 1}"
    height = float(run.heights[-1]) - lowest
    height = 0.0 if height < _LEAST else height
    arrival = _arrival(run, found)
    where = f"({x:g}, {y:g}), {height:.2g} above lowest"
    return where if arrival is None else f"{where}, from step {arrival}"


def _numbers(chosen: Surface, found: Landscape, runs: list[_Run], lowest: float) -> dict[str, Any]:
    return {
        "surface": chosen.name,
        "formula": chosen.formula,
        "domain": listed(chosen.domain),
        "start": listed(chosen.start),
        "known_minima": listed(chosen.minima),
        "lowest": listed(lowest),
        "stationary": [{name: _plain(value) for name, value in vars(each).items()} for each in found.stationary],
        "plateau": listed(found.plateau.mean()),
        "optimizers": [_run_numbers(run, found, lowest) for run in runs],
    }


def _run_numbers(run: _Run, found: Landscape, lowest: float) -> dict[str, Any]:
    steps = np.unique(np.linspace(0, run.steps, min(run.steps + 1, _POINTS)).round().astype(int))
    nearest = _nearest(run, found)
    return {
        "name": run.name,
        "learning_rate": run.rate,
        "steps": listed(steps),
        "path": listed(run.points[steps]),
        "values": listed(run.heights[steps]),
        "end": listed(run.end),
        "above_lowest": listed(run.heights[run.steps] - lowest),
        "nearest": None if nearest is None else {"stationary": nearest[0], "distance": listed(nearest[1])},
        "arrived": _arrival(run, found),
        "diverged": run.steps + 1 if run.diverged else None,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else listed(value)


def _sketch(scene: Scene, width: int, colour: bool, most: int | None) -> list[str]:
    series = [
        Series(trail.label, np.arange(len(trail.heights)), np.maximum(trail.heights, _LEAST)) for trail in scene.trails
    ]
    panel = Panel(series, "height above the lowest point known", log=True)
    curves = terminal.lines(panel, width=width, height=8, colour=colour)
    left = None if most is None else most - len(curves) - 1
    return [*terminal.landscape(scene, width=width, colour=colour, most=left), "", *curves]
