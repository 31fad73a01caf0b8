"""Studies that change one thing: a run per condition and seed, a table and a picture of the test errors."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.options.common import Use
from dlcli.plot import page, terminal
from dlcli.plot.charts.intervals import Interval, IntervalsChart
from dlcli.studies.cells import Cell, Cells
from dlcli.studies.options import StudyOptions
from dlcli.studies.statistics import Estimate, estimate, interval_text, paired

Results = Mapping[str, Sequence[Mapping[str, Any]]]  # of the seeds, by condition


def run(
    cells: Cells, options: StudyOptions, conditions: Mapping[str, Mapping[str, Any]], use: Use = "last"
) -> Generator[Cell, None, Results]:
    """Train one run per condition and seed, and return the results by condition.

    The test split is read once per run, at its end; no choice depends on it.

    Args:
        cells: of the study.
        options: of the study.
        conditions: options of `train cnn` that each condition changes, by its name.
        use: the weights to measure.
    """
    pairs = [(name, seed) for seed in range(options.seeds) for name in conditions]
    requests = [
        cells.request(f"{_file_name(name)}-seed{seed}", conditions[name], seed=seed, use=use, test=True)
        for name, seed in pairs
    ]
    results = yield from cells.run(requests)
    return by_name(pairs, results)


def by_name(
    pairs: Sequence[tuple[str, int]], results: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each condition in the order of the seeds.

    Args:
        pairs: condition and seed of each result, the seeds ascending.
        results: the results.
    """
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name, _ in pairs}
    for (name, _), result in zip(pairs, results, strict=True):
        found[name].append(result)
    return found


def errors(results: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the test error of each seed, 1 for a run that diverged."""
    return [1 - result.get("test_accuracy", 0.0) for result in results]


def train_losses(results: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the last training loss of each seed that did not diverge; NaN if all did."""
    return [result["train"]["loss"] for result in results if "diverged" not in result] or [float("nan")]


def table(
    title: str, column: str, found: Results, reference: str, about: Mapping[str, Any], more: Mapping[str, Any]
) -> Table:
    """Return a row per condition: test error, its interval, the paired difference to a reference, training loss.

    Args:
        title: heading of the table.
        column: what the conditions are.
        found: the results.
        reference: the condition that the others are compared with.
        about: study, seeds and other values for JSON.
        more: further values for JSON.
    """
    rows, numbers = [], {}
    for name, results in found.items():
        error, loss = estimate(errors(results)), estimate(train_losses(results))
        difference = paired(errors(results), errors(found[reference]))
        written = "" if name == reference else difference_text(difference)
        rows.append((name, formats.percent(error.mean), interval_text(error), written, formats.loss(loss.mean)))
        numbers[name] = {
            "test_error": vars(error),
            "difference_to_reference": None if name == reference else vars(difference),
            "train_loss": vars(loss),
            "runs": list(results),
        }
    columns = [column, "test error", "95 % CI", f"difference to {reference} (paired)", "training loss"]
    return Table(title, columns, rows, {**about, "reference": reference, "conditions": numbers, **more})


def differences(title: str, pairs: Mapping[str, Sequence[str]], found: Results) -> Table:
    """Return a row per pair of conditions: the paired difference of test errors, second minus first."""
    estimates = {name: paired(errors(found[second]), errors(found[first])) for name, (first, second) in pairs.items()}
    rows = [(name, difference_text(each)) for name, each in estimates.items()]
    numbers = {name: vars(each) for name, each in estimates.items()}
    return Table(title, ["depth", "difference of the test error"], rows, {"differences": numbers})


def with_below(table: Table, other: Table) -> Table:
    """Return a table with another one below it, and the numbers of both."""
    return dataclasses.replace(table, numbers={**table.numbers, **other.numbers}, below=[*table.below, other])


def figure(name: str, title: str, found: Results, seeds: int) -> Figure:
    """Return the test error of each condition with its interval."""
    rows = []
    for condition, results in found.items():
        values = [100 * each for each in errors(results)]
        mean = estimate(values)
        low, high = np.clip([mean.low, mean.high], 0, 100)  # Student's interval has no bounds, an error has
        rows.append(Interval(condition, np.array(values), mean.mean, float(low), float(high)))
    xlabel = f"test error in percent: {seeds} seeds, mean and 95 % CI"
    chart = IntervalsChart(title, rows, xlabel, differences=False)
    return Figure(name, page.intervals.draw(chart), {}, functools.partial(terminal.intervals.draw, chart))


def difference_text(found: Estimate) -> str:
    """Return a difference of shares in percentage points with its interval."""
    return f"{100 * found.mean:+.2f} points ({100 * found.low:+.2f} … {100 * found.high:+.2f})"


def _file_name(condition: str) -> str:
    return re.sub(r"[^0-9A-Za-z.]+", "-", condition).strip("-")
