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
from dlcli.studies.sweep import by_name

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
    cells = Cells("optimizers", options, len(options.optimizer) * (options.rates + options.seeds))
    grid = [(name, rate) for name in options.optimizer for rate in _rates(OPTIMIZERS[name].study_rate, options.rates)]
    losses: dict[str, dict[float, float]] = {name: {} for name in options.optimizer}
    results = yield from cells.run([_request(cells, name, rate) for name, rate in grid])
    for (name, rate), result in zip(grid, results, strict=True):
        losses[name][rate] = _loss(result)
    tuned = {name: _tuned(each, options.rates) for name, each in losses.items()}
    pairs = [(name, seed) for seed in range(options.seeds) for name in options.optimizer]
    repeated = [_request(cells, name, tuned[name].rate, seed) for name, seed in pairs]
    found = by_name(pairs, (yield from cells.run(repeated)))
    yield Report(_table(options, tuned, found), _figure(options, tuned, found), cells.folder)


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


def _loss(result: Mapping[str, Any]) -> float:
    return float("inf") if "diverged" in result else float(result["validation"]["loss"])


def _table(options: Optimizers, tuned: Mapping[str, _Tuned], found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    rows, numbers = [], {}
    for name, results in found.items():
        accuracy = estimate([result.get("test_accuracy", 0.0) for result in results])
        loss = estimate([result["train"]["loss"] for result in results if "diverged" not in result] or [float("nan")])
        rate = f"{tuned[name].rate:g}" + (" *" if tuned[name].at_edge else "")
        rows.append((name, rate, formats.loss(loss.mean), formats.percent(accuracy.mean), interval_text(accuracy)))
        numbers[name] = {
            "learning_rate": tuned[name].rate,
            "at_edge": tuned[name].at_edge,
            "tuning": [{"learning_rate": rate, "validation_loss": loss} for rate, loss in tuned[name].losses.items()],
            "train_loss": vars(loss),
            "test_accuracy": vars(accuracy),
            "runs": list(results),
        }
    edge = "; * best value at the edge of the grid" if any(each.at_edge for each in tuned.values()) else ""
    title = f"{options.steps} steps on {options.dataset}, best of {options.rates} learning rates on validation{edge}"
    columns = [
        "optimizer",
        "learning rate",
        "final training loss",
        "test accuracy",
        f"95 % CI, {options.seeds} seeds",
    ]
    about = {"study": "optimizers", "seeds": options.seeds, "steps": options.steps, "rates": options.rates}
    return Table(title, columns, rows, {**about, "optimizers": numbers})


def _figure(
    options: Optimizers, tuned: Mapping[str, _Tuned], found: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Figure:
    lines = []
    for name, results in found.items():
        whole = [result["curve"] for result in results if "diverged" not in result]
        if whole:
            points = np.array(whole, np.float64)  # [seed, validation, step and loss]
            lines.append(Line(f"{name}, lr {tuned[name].rate:g}", points[0, :, 0], points[:, :, 1].mean(axis=0)))
    panel = Panel(lines, f"validation loss, mean of {options.seeds} seeds", log=True)
    title = f"optimizers on {options.dataset}, each at the best of {options.rates} learning rates"
    chart = LinesChart(title, [panel])
    return Figure("optimizers", page.lines.draw(chart), {}, functools.partial(terminal.lines.draw, chart))
