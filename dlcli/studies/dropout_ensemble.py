"""Dropout as an approximate ensemble: weight scaling, Monte Carlo dropout, and a real ensemble.

Reference: Srivastava et al., "Dropout", 2014, JMLR 15, section 7.5; Gal and Ghahramani, "Dropout as a Bayesian
Approximation", 2016, arXiv:1506.02142; Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable Predictive
Uncertainty Estimation using Deep Ensembles", 2017, arXiv:1612.01474.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.studies.cells import Cell, Cells, Report, Request
from dlcli.studies.options import DropoutEnsemble
from dlcli.studies.statistics import estimate, interval_text, paired
from dlcli.studies.sweep import difference_text
from dlcli.techniques.cnn.eval import evaluate
from dlcli.techniques.cnn.options import Eval
from dlcli.techniques.opening import open_run

_SCALED = "weight scaling"
_KINDS = {"masks": "Monte Carlo dropout, n masks", "networks": "ensemble of n networks with dropout"}
_MEASURES = {"accuracy": "test accuracy", "loss": "test log-loss (nats)", "calibration_error": "calibration error"}


def study(options: DropoutEnsemble) -> Iterator[Cell | Report]:
    """For each seed, train networks with dropout, and measure them alone, over masks, and averaged together.

    The networks of an ensemble differ in their initial weights, the order of the examples and the masks.
    """
    cells = Cells("dropout-ensemble", options, options.seeds)
    requests = [
        Request(f"seed{seed}", functools.partial(_measure, cells, options, seed)) for seed in range(options.seeds)
    ]
    found = yield from cells.run(requests)
    yield Report(_table(options, found), _figure(options, found), cells.folder)


def counts(largest: int) -> list[int]:
    """Return 1, 2, 4, … up to the largest."""
    return sorted({*(2**power for power in range(largest.bit_length()) if 2**power <= largest), largest})


def _measure(cells: Cells, options: DropoutEnsemble, seed: int, folder: Path) -> dict[str, Any]:
    """Train the networks of a seed in a folder, and measure all ways to use them on the test split."""
    runs: list[Path] = []
    validation: Mapping[str, float] = {}
    for member in range(options.networks):
        run = folder / f"network{member}"
        result = cells.train({"dropout": options.dropout, "seed": seed * options.networks + member}, run)
        if "diverged" in result:
            return result
        runs.append(run)
        validation = validation or result["validation"]
    opened = [open_run(run, use="last") for run in runs]

    def measured(**how: Any) -> dict[str, float]:
        numbers = evaluate(Eval(run=str(runs[0]), use="last", **how), opened[0]).numbers
        return {name: float(numbers[name]["value"]) for name in _MEASURES}

    return {
        "validation": validation,
        _SCALED: measured(),
        "masks": {str(n): measured(mc_dropout=n) for n in counts(options.masks)},
        "networks": {str(n): measured(runs=",".join(map(str, runs[1:n]))) for n in counts(options.networks)},
    }


def _values(found: Sequence[Mapping[str, Any]], kind: str, count: int | None, measure: str) -> list[float]:
    kept = [each for each in found if "diverged" not in each]
    return [each[kind][measure] if count is None else each[kind][str(count)][measure] for each in kept]


def _conditions(options: DropoutEnsemble) -> list[tuple[str, str, int | None]]:
    """Return label, kind and count of each way to predict."""
    named = {"masks": (options.masks, "masks"), "networks": (options.networks, "networks")}
    conditions: list[tuple[str, str, int | None]] = [(_SCALED, _SCALED, None)]
    for kind, (largest, word) in named.items():
        conditions += [(f"{n} {word if n > 1 else word[:-1]}", kind, n) for n in counts(largest)]
    return conditions


def _table(options: DropoutEnsemble, found: Sequence[Mapping[str, Any]]) -> Table:
    rows, numbers = [], {}
    for label, kind, count in _conditions(options):
        accuracy, loss, calibration = (estimate(_values(found, kind, count, name)) for name in _MEASURES)
        change = paired(_values(found, kind, count, "accuracy"), _values(found, _SCALED, None, "accuracy"))
        nats = paired(_values(found, kind, count, "loss"), _values(found, _SCALED, None, "loss"))
        rows.append(
            (
                label,
                formats.percent(accuracy.mean),
                interval_text(accuracy),
                "" if label == _SCALED else difference_text(change),
                formats.loss(loss.mean),
                "" if label == _SCALED else f"{nats.mean:+.3f} ({nats.low:+.3f} … {nats.high:+.3f})",
                formats.loss(calibration.mean),
            )
        )
        numbers[label] = {
            "accuracy": vars(accuracy),
            "loss": vars(loss),
            "calibration_error": vars(calibration),
            "accuracy_difference_to_weight_scaling": vars(change),
            "loss_difference_to_weight_scaling": vars(nats),
        }
    title = f"dropout {options.dropout:g} on {options.dataset} as an ensemble: {options.seeds} seeds"
    columns = ["prediction", "accuracy", "95 % CI", f"to {_SCALED} (paired)", "log-loss", "to it (paired)", "ECE"]
    about = {"study": "dropout-ensemble", "seeds": options.seeds, "dropout": options.dropout}
    return Table(title, columns, rows, {**about, "predictions": numbers, "cells": list(found)})


def _figure(options: DropoutEnsemble, found: Sequence[Mapping[str, Any]]) -> Figure:
    panels = []
    for measure, ylabel in _MEASURES.items():
        lines = []
        for kind, label in _KINDS.items():
            shown = counts(options.masks if kind == "masks" else options.networks)
            means = [estimate(_values(found, kind, n, measure)).mean for n in shown]
            lines.append(Line(label, np.array(shown), np.array(means)))
        scaled = estimate(_values(found, _SCALED, None, measure)).mean
        ends = np.array([1, max(options.masks, options.networks)])
        lines.append(Line(_SCALED, ends, np.array([scaled, scaled]), dashed=True))
        panels.append(Panel(lines, ylabel))
    title = f"dropout {options.dropout:g} on {options.dataset} as an ensemble, mean of {options.seeds} seeds"
    chart = LinesChart(title, panels, xlabel="n, number of masks or networks")
    return Figure("dropout-ensemble", page.lines.draw(chart), {}, functools.partial(terminal.lines.draw, chart))
