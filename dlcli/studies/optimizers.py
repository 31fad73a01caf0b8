"""Optimizers after equally many steps, each at its best learning rate."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.options.optimizers import OPTIMIZERS
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.studies.cells import Cell, Cells, Report, Request
from dlcli.studies.options import Optimizers
from dlcli.studies.statistics import estimate, interval_text
from dlcli.studies.sweep import by_name, train_losses
from dlcli.studies.tasks import Task

_TUNING_SEED = 1_000  # differs from the reported seeds


@dataclasses.dataclass(frozen=True)
class _Tuned:
    """The best learning rate of an optimizer, whether it is at the edge of the grid, and the validation losses."""

    rate: float
    at_edge: bool
    losses: Mapping[float, float]


def study(options: Optimizers) -> Iterator[Cell | Report]:
    """Tune each learning rate on the validation split with the same budget, then repeat the best with other seeds.

    The test split is read once per repetition, at its end; no choice depends on it.
    """
    count = len(options.optimizer) * (options.rates + options.seeds)
    cells = Cells("optimizers", options, count, options.technique, timed=True)
    grid = [(name, rate) for name in options.optimizer for rate in _rates(OPTIMIZERS[name].study_rate, options.rates)]
    losses: dict[str, dict[float, float]] = {name: {} for name in options.optimizer}
    results = yield from cells.run([_request(cells, name, rate) for name, rate in grid])
    for (name, rate), result in zip(grid, results, strict=True):
        losses[name][rate] = _last(result)
    tuned = {name: _tuned(each, options.rates) for name, each in losses.items()}
    pairs = [(name, seed) for seed in range(options.seeds) for name in options.optimizer]
    repeated = [_request(cells, name, tuned[name].rate, seed) for name, seed in pairs]
    found = by_name(pairs, (yield from cells.run(repeated)))
    target = options.target or _median([float(np.mean([_last(each) for each in runs])) for runs in found.values()])
    table = _table(options, cells.task, tuned, found, target)
    yield Report(table, _figure(options, cells.task, tuned, found, target), cells.folder)


def _request(cells: Cells, name: str, rate: float, seed: int | None = None) -> Request:
    """Return the request of a run that tunes the rate, or with a seed of one that repeats the best."""
    changes = {"optimizer": name, "learning_rate": rate}
    if seed is None:
        return cells.request(f"{name}-rate{rate:g}", changes, seed=_TUNING_SEED, use="last", test=False)
    return cells.request(f"{name}-seed{seed}", changes, seed=seed, use="last", test=True)


def _tuned(losses: Mapping[float, float], rates: int) -> _Tuned:
    best = min(losses, key=lambda rate: losses[rate])
    return _Tuned(best, rates > 1 and best in (min(losses), max(losses)), losses)


def _rates(middle: float, count: int) -> list[float]:
    """Return `count` ascending learning rates around the middle one, a factor of √10 apart."""
    exponents = (np.arange(count) - count // 2) / 2
    return [float(f"{middle * 10**exponent:.2g}") for exponent in exponents]


def _last(result: Mapping[str, Any]) -> float:
    """Return the last value of the metric that is compared; infinity for a run that diverged."""
    return float("inf") if "diverged" in result else float(result["curve"][-1][1])


def _median(values: Sequence[float]) -> float:
    """Return the median of the finite values; NaN, which nothing reaches, if there are none."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else float("nan")


def _steps_to(target: float, result: Mapping[str, Any]) -> float:
    """Return the step of the first validation that reaches the target; NaN if none does."""
    return next((float(step) for step, value in result.get("curve", []) if value <= target), float("nan"))


def _table(
    options: Optimizers,
    task: Task,
    tuned: Mapping[str, _Tuned],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    target: float,
) -> Table:
    rows, numbers = [], {}
    tested = "accuracy" if options.technique == "cnn" else task.metric
    for name, results in found.items():
        # A run that diverged is one whose every answer is wrong; it has no loss.
        values = [result[f"test_{tested}"] for result in results if "diverged" not in result]
        values += [0.0] * (len(results) - len(values)) if tested == "accuracy" else []
        values = values or [float("nan")]
        test, loss = estimate(values), estimate(train_losses(results))
        steps = [_steps_to(target, result) for result in results]
        seconds = [step * result.get("seconds_per_step", 0.0) for step, result in zip(steps, results, strict=True)]
        rate = f"{tuned[name].rate:g}" + (" *" if tuned[name].at_edge else "")
        shown = formats.percent(test.mean) if tested == "accuracy" else formats.loss(test.mean)
        interval = interval_text(test) if tested == "accuracy" else f"{max(test.low, 0):.4f} – {test.high:.4f}"
        rows.append((name, rate, formats.loss(loss.mean), shown, interval, *_reached(steps, seconds)))
        numbers[name] = {
            "learning_rate": tuned[name].rate,
            "at_edge": tuned[name].at_edge,
            "tuning": [{"learning_rate": rate, "validation": value} for rate, value in tuned[name].losses.items()],
            "train_loss": vars(loss),
            f"test_{tested}": vars(test),
            "steps_to_target": [None if np.isnan(each) else each for each in steps],
            "seconds_to_target": [None if np.isnan(each) else each for each in seconds],
            "runs": list(results),
        }
    edge = "; * best value at the edge of the grid" if any(each.at_edge for each in tuned.values()) else ""
    title = (
        f"{options.steps} steps of {options.technique} on {task.dataset}, {options.seeds} seeds, best of "
        f"{options.rates} learning rates on validation{edge}; steps and time until its {_named(task)} is {target:.4g}"
    )
    columns = ["optimizer", "rate", "training loss", f"test {tested.replace('_', ' ')}", "95 % CI", "steps", "time"]
    about = {"study": "optimizers", "technique": options.technique, "dataset": task.dataset, "target": target}
    budget = {"seeds": options.seeds, "steps": options.steps, "rates": options.rates}
    return Table(title, columns, rows, {**about, **budget, "optimizers": numbers})


def _reached(steps: Sequence[float], seconds: Sequence[float]) -> tuple[str, str]:
    """Return the mean steps and time to the target, or how many runs have reached it."""
    if not np.isnan(steps).any():
        return f"{np.mean(steps):.0f}", f"{np.mean(seconds):.1f} s"
    count = int(np.isfinite(steps).sum())
    return (f"{count} of {len(steps)} runs" if count else "not reached"), ""


def _named(task: Task) -> str:
    return task.metric.replace("_", " ").replace("frechet", "Fréchet")


def _figure(
    options: Optimizers,
    task: Task,
    tuned: Mapping[str, _Tuned],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    target: float,
) -> Figure:
    lines = []
    for name, results in found.items():
        whole = [result["curve"] for result in results if "diverged" not in result]
        if whole:
            points = np.array(whole, np.float64)  # [seed, validation, step and value]
            lines.append(Line(f"{name}, lr {tuned[name].rate:g}", points[0, :, 0], points[:, :, 1].mean(axis=0)))
    if lines and np.isfinite(target):
        ends = lines[0].steps[[0, -1]]
        lines.append(Line(f"target {target:.4g}", ends, np.full(2, target), dashed=True))
    panel = Panel(lines, f"validation {_named(task)}, mean of {options.seeds} seeds", log=True)
    title = f"optimizers, {options.technique} on {task.dataset}, each at the best of {options.rates} learning rates"
    chart = LinesChart(title, [panel])
    return Figure("optimizers", page.lines.draw(chart), {}, functools.partial(terminal.lines.draw, chart))
