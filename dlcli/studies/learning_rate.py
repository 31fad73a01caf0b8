"""The error against the learning rate, and the rate that a range test chooses."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.options.common import AUTO
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel, smooth
from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import LearningRate
from dlcli.studies.statistics import estimate


def study(options: LearningRate) -> Iterator[Cell | Report]:
    """Train with learning rates a factor of √10 apart, and with that of a range test, for the same number of steps.

    The rate of the grid with the lowest mean validation loss is the reference; the test split is read for the table
    alone.

    References: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 11.4.1, figure 11.1; Smith, "Cyclical
    Learning Rates for Training Neural Networks", 2017, arXiv:1506.01186, section 3.3.
    """
    middle = np.log10(options.center)
    exponents = middle + (np.arange(options.rates) - options.rates // 2) / 2
    rates = {f"{10**exponent:.2g}": float(10**exponent) for exponent in exponents}
    conditions = {name: {"learning_rate": rate} for name, rate in rates.items()}
    cells = Cells("learning-rate", options, (len(conditions) + 1) * options.seeds)
    found = yield from sweep.run(cells, options, {**conditions, AUTO: {"learning_rate": AUTO}})
    losses = {name: _validation_loss(found[name]) for name in rates}
    best = min(losses, key=lambda name: losses[name])
    edge = "; the best is at the edge of the grid" if best in (next(iter(rates)), [*rates][-1]) else ""
    chosen = [each["range_test"]["learning_rate"] for each in found[AUTO] if "range_test" in each]
    title = (
        f"test error on {options.dataset} against the learning rate, {options.steps} steps each; "
        f"lowest validation loss at {best}{edge}; auto: {_listed(chosen)}"
    )
    about = {"study": "learning-rate", "seeds": options.seeds, "steps": options.steps}
    more = {"best": best, "validation_loss": losses, "chosen_by_range_test": chosen}
    table = sweep.table(title, "learning rate", found, best, about, more)
    yield Report(table, _figure(options, title, rates, found), cells.folder)


def _figure(options: LearningRate, title: str, rates: Mapping[str, float], found: sweep.Results) -> Figure:
    """Return the loss of the range tests above the test error of the grid, over the learning rate."""
    errors = [estimate([100 * each for each in sweep.errors(found[name])]) for name in rates]
    band = np.clip([[each.low for each in errors], [each.high for each in errors]], 0, 100)
    grid = Line("grid, mean and 95 % CI", np.array([*rates.values()]), np.array([e.mean for e in errors]), band=band)
    tested = [(seed, each) for seed, each in enumerate(found[AUTO]) if "range_test" in each]
    points = [
        Line(
            f"auto, seed {seed}",
            np.array([each["range_test"]["learning_rate"]]),
            np.array([100 * (1 - each["test_accuracy"])]),
        )
        for seed, each in tested
    ]
    curves = [_curve(f"range test, seed {seed}", each["range_test"]) for seed, each in tested]
    panels = [Panel([grid, *points], "test error (%)", log=True)]
    if curves:
        panels.insert(0, Panel(curves, "training loss, smoothed", log=True))
    chart = LinesChart(title, panels, "learning rate", log_x=True)
    return Figure("learning-rate", page.lines.draw(chart), {}, functools.partial(terminal.lines.draw, chart))


def _curve(label: str, test: Mapping[str, Any]) -> Line:
    losses = smooth(np.array(test["losses"]), 0.8)
    return Line(label, np.array(test["rates"]), losses)


def _listed(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in sorted(set(rates))) or "none found"


def _validation_loss(results: Sequence[Mapping[str, Any]]) -> float:
    """Return the mean validation loss; infinite if a seed diverged."""
    if any("diverged" in each for each in results):
        return float("inf")
    return estimate([float(each["validation"]["loss"]) for each in results]).mean
