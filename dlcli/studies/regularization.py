"""The effect of regularization methods on a small network with few training examples."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.options.common import Use
from dlcli.plot import page, terminal
from dlcli.plot.charts.intervals import Interval, IntervalsChart
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import Regularization
from dlcli.studies.statistics import Estimate, estimate, interval_text, paired
from dlcli.studies.sweep import by_name

_BASELINE = "none"
# Options of `train cnn`: common strengths, the same for every data set, not tuned on any.
TREATMENTS: dict[str, dict[str, Any]] = {
    _BASELINE: {},
    "l1": {"l1": 3e-4},
    "l2": {"l2": 3e-3},
    "weight-decay": {"weight_decay": 1.0},
    "dropout": {"dropout": 0.5},
    "input-dropout": {"input_dropout": 0.2},
    "augmentation": {"augment": "rotate:10,shift:1"},
    "early-stopping": {"patience": 3},
}


def study(options: Regularization) -> Iterator[Cell | Report]:
    """Train one run per treatment and seed, all for the same number of steps, and compare them on the test split.

    The weights are those of the last step, except for early stopping, which returns those of the best validation. The
    test split is read once per run, at its end; no choice depends on it.
    """
    cells = Cells("regularization", options, len(TREATMENTS) * options.seeds)
    pairs = [(name, seed) for seed in range(options.seeds) for name in TREATMENTS]
    requests = []
    for name, seed in pairs:
        use: Use = "best" if "patience" in TREATMENTS[name] else "last"
        requests.append(cells.request(f"{name}-seed{seed}", TREATMENTS[name], seed=seed, use=use, test=True))
    found = by_name(pairs, (yield from cells.run(requests)))
    yield Report(_table(options, found), _figure(options, found), cells.folder)


def _table(options: Regularization, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    rows, numbers = [], {}
    for name, results in found.items():
        accuracy, difference = _accuracies(found, name)
        gap = estimate([_gap(result) for result in results if "diverged" not in result] or [float("nan")])
        rows.append(
            (
                name,
                formats.percent(accuracy.mean),
                interval_text(accuracy),
                _difference(name, difference),
                formats.loss(gap.mean),
            )
        )
        numbers[name] = {
            "options": TREATMENTS[name],
            "test_accuracy": vars(accuracy),
            "difference_to_baseline": None if name == _BASELINE else vars(difference),
            "generalization_gap": vars(gap),
            "runs": list(results),
        }
    title = f"test accuracy after training on {_examples(options)}, {options.seeds} seeds, {options.steps} steps each"
    columns = ["treatment", "accuracy", "95 % CI", "difference to baseline (paired)", "generalization gap (loss)"]
    about = {"study": "regularization", "seeds": options.seeds, "steps": options.steps}
    return Table(title, columns, rows, {**about, "train_examples": options.train_examples, "treatments": numbers})


def _figure(options: Regularization, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    rows = []
    for name in list(found)[1:]:
        _, difference = _accuracies(found, name)
        points = 100 * np.subtract(_tested(found, name), _tested(found, _BASELINE))
        rows.append(
            Interval(name, points, *(100 * each for each in (difference.mean, difference.low, difference.high)))
        )
    title = f"effect of regularization on test accuracy, {_examples(options)}"
    xlabel = f"difference to baseline in percentage points: {options.seeds} seeds, mean and 95 % CI"
    chart = IntervalsChart(title, rows, xlabel)
    return Figure("regularization", page.intervals.draw(chart), {}, functools.partial(terminal.intervals.draw, chart))


def _tested(found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> list[float]:
    """Return the test accuracy of each seed, 0 for a run that diverged."""
    return [result.get("test_accuracy", 0.0) for result in found[name]]


def _accuracies(found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> tuple[Estimate, Estimate]:
    """Return the accuracy of a treatment, and its difference to the baseline."""
    return estimate(_tested(found, name)), paired(_tested(found, name), _tested(found, _BASELINE))


def _gap(result: Mapping[str, Any]) -> float:
    return float(result["validation"]["loss"]) - float(result["train"]["loss"])


def _examples(options: Regularization) -> str:
    count = options.train_examples
    return f"{count:,} examples of {options.dataset}" if count else f"all examples of {options.dataset}"


def _difference(name: str, found: Estimate) -> str:
    if name == _BASELINE:
        return ""
    return f"{100 * found.mean:+.2f} points ({100 * found.low:+.2f} … {100 * found.high:+.2f})"
