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
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import Regularization
from dlcli.studies.statistics import Estimate, estimate, interval_text, paired
from dlcli.studies.sweep import by_name, difference_text
from dlcli.studies.tasks import NEAR_ZERO

_BASELINE = "none"
_TUNING_SEED = 1_000  # differs from the reported seeds
# Options of `train cnn` from weak to strong, five per method: `--strengths N` tries the N in the middle.
METHODS: dict[str, tuple[dict[str, Any], ...]] = {
    "l1": tuple({"l1": strength} for strength in (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)),
    "l2": tuple({"l2": strength} for strength in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
    "weight-decay": tuple({"weight_decay": strength} for strength in (0.1, 0.3, 1.0, 3.0, 10.0)),
    "dropout": tuple({"dropout": strength} for strength in (0.1, 0.25, 0.5, 0.7, 0.85)),
    "input-dropout": tuple({"input_dropout": strength} for strength in (0.05, 0.1, 0.2, 0.35, 0.5)),
    "augmentation": tuple(
        {"augment": strength}
        for strength in ("shift:1", "rotate:5,shift:1", "rotate:10,shift:1", "rotate:20,shift:1", "rotate:30,shift:2")
    ),
    "early-stopping": tuple({"patience": strength} for strength in (1, 2, 3, 5, 8)),
}


def study(options: Regularization) -> Iterator[Cell | Report]:
    """Tune the strength of each method on the validation split with the same budget, then repeat the best.

    All runs have the same number of steps. The weights are those of the last step, except for early stopping, which
    returns those of the best validation. The test split is read once per repetition, at its end; no choice depends
    on it.
    """
    cells = Cells("regularization", options, _count(options))
    grid = [(name, changes) for name in METHODS for changes in candidates(name, options.strengths)]
    tried = yield from cells.run(
        [
            cells.request(
                f"{name}-tune{number % options.strengths}", changes, seed=_TUNING_SEED, use=_use(changes), test=False
            )
            for number, (name, changes) in enumerate(grid)
        ]
    )
    tuning: dict[str, list[dict[str, Any]]] = {_BASELINE: [], **{name: [] for name in METHODS}}
    for (name, changes), result in zip(grid, tried, strict=True):
        tuning[name].append({"options": changes, "validation_loss": _loss(result)})
    tuned: dict[str, Mapping[str, Any]] = {_BASELINE: {}} | {name: _best(tuning[name]) for name in METHODS}
    pairs = [(name, seed) for seed in range(options.seeds) for name in tuned]
    requests = [
        cells.request(f"{name}-seed{seed}", tuned[name], seed=seed, use=_use(tuned[name]), test=True)
        for name, seed in pairs
    ]
    found = by_name(pairs, (yield from cells.run(requests)))
    table = _table(options, tuned, tuning, found)
    yield Report(table, _figure(options, found), cells.folder, [_curves(options, found)])


def _best(tried: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the options with the lowest validation loss."""
    found: Mapping[str, Any] = min(tried, key=lambda each: float(each["validation_loss"]))["options"]
    return found


def candidates(name: str, count: int) -> tuple[dict[str, Any], ...]:
    """Return the `count` strengths in the middle of those of a method."""
    first = (len(METHODS[name]) - count) // 2
    return METHODS[name][first : first + count]


def _count(options: Regularization) -> int:
    return len(METHODS) * options.strengths + (1 + len(METHODS)) * options.seeds


def _use(changes: Mapping[str, Any]) -> Use:
    return "best" if "patience" in changes else "last"


def _loss(result: Mapping[str, Any]) -> float:
    return float("inf") if "diverged" in result else float(result["validation"]["loss"])


def _table(
    options: Regularization,
    tuned: Mapping[str, Mapping[str, Any]],
    tuning: Mapping[str, Sequence[Mapping[str, Any]]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Table:
    rows, numbers = [], {}
    for name, results in found.items():
        accuracy, difference = _accuracies(found, name)
        gap, norm, near_zero = (_mean(results, each) for each in (_gap, _norm, _near_zero))
        rows.append(
            (
                name,
                ", ".join(str(value) for value in tuned[name].values()),
                formats.percent(accuracy.mean),
                interval_text(accuracy),
                "" if name == _BASELINE else difference_text(difference),
                formats.loss(gap.mean),
                f"{norm.mean:.1f}",
                formats.percent(near_zero.mean, 1),
            )
        )
        numbers[name] = {
            "options": tuned[name],
            "tuning": list(tuning[name]),
            "test_accuracy": vars(accuracy),
            "difference_to_baseline": None if name == _BASELINE else vars(difference),
            "generalization_gap": vars(gap),
            "weight_norm": vars(norm),
            "near_zero": vars(near_zero),
            "runs": list(results),
        }
    title = (
        f"test accuracy after training on {_examples(options)}, {options.seeds} seeds, {options.steps} steps each, "
        f"each method at the best of {options.strengths} strengths on validation"
    )
    columns = [
        "method",
        "strength",
        "accuracy",
        "95 % CI",
        "difference to none (paired)",
        "test – train loss",
        "L2 norm",
        f"|w| < {NEAR_ZERO:g}",
    ]
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
    title = f"effect of regularization on test accuracy, {_examples(options)}, strengths tuned on validation"
    xlabel = f"difference to baseline in percentage points: {options.seeds} seeds, mean and 95 % CI"
    chart = IntervalsChart(title, rows, xlabel)
    return Figure("regularization", page.intervals.draw(chart), {}, functools.partial(terminal.intervals.draw, chart))


def _curves(options: Regularization, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return the validation loss, and its gap to the training loss, over the steps, each the mean of the seeds."""
    losses, gaps = [], []
    for name, results in found.items():
        kept = [each for each in results if "diverged" not in each]
        if not kept:
            continue
        length = min(min(len(each["curve"]), len(each["train_curve"])) for each in kept)  # early stopping ends early
        steps = np.array(kept[0]["curve"])[:length, 0]
        held_out, train = (
            np.mean([np.array(each[curve])[:length, 1] for each in kept], axis=0) for curve in ("curve", "train_curve")
        )
        losses.append(Line(name, steps, held_out))
        gaps.append(Line(name, steps, held_out - train))
    panels = [Panel(losses, "validation loss", log=True), Panel(gaps, "validation – training loss")]
    chart = LinesChart(f"loss and generalization gap, {_examples(options)}, mean of {options.seeds} seeds", panels)
    drawing = page.lines.draw(chart)
    return Figure("regularization-curves", drawing, {}, functools.partial(terminal.lines.draw, chart))


def _mean(results: Sequence[Mapping[str, Any]], value: Any) -> Estimate:
    """Return the mean of a value of each seed that did not diverge; NaN if all did."""
    return estimate([value(each) for each in results if "diverged" not in each] or [float("nan")])


def _tested(found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> list[float]:
    """Return the test accuracy of each seed, 0 for a run that diverged."""
    return [result.get("test_accuracy", 0.0) for result in found[name]]


def _accuracies(found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> tuple[Estimate, Estimate]:
    """Return the accuracy of a method, and its difference to the baseline."""
    return estimate(_tested(found, name)), paired(_tested(found, name), _tested(found, _BASELINE))


def _gap(result: Mapping[str, Any]) -> float:
    return float(result["test_loss"]) - float(result["train"]["loss"])


def _norm(result: Mapping[str, Any]) -> float:
    return float(result["weights"]["l2_norm"])


def _near_zero(result: Mapping[str, Any]) -> float:
    return float(result["weights"]["near_zero"])


def _examples(options: Regularization) -> str:
    count = options.train_examples
    return f"{count:,} examples of {options.dataset}" if count else f"all examples of {options.dataset}"
