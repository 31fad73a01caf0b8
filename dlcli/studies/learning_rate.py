"""The error against the learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import LearningRate
from dlcli.studies.statistics import estimate


def study(options: LearningRate) -> Iterator[Cell | Report]:
    """Train with learning rates a factor of √10 apart, all for the same number of steps.

    The rate with the lowest mean validation loss is the reference; the test split is read for the table alone.

    Reference: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 11.4.1, figure 11.1.
    """
    middle = np.log10(options.center)
    exponents = middle + (np.arange(options.rates) - options.rates // 2) / 2
    conditions = {f"{10**exponent:.2g}": {"learning_rate": float(10**exponent)} for exponent in exponents}
    cells = Cells("learning-rate", options, len(conditions) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    losses = {name: _validation_loss(results) for name, results in found.items()}
    best = min(losses, key=lambda name: losses[name])
    edge = "; the best is at the edge of the grid" if best in (next(iter(found)), [*found][-1]) else ""
    title = (
        f"test error on {options.dataset} against the learning rate, {options.steps} steps each; "
        f"lowest validation loss at {best}{edge}"
    )
    about = {"study": "learning-rate", "seeds": options.seeds, "steps": options.steps}
    table = sweep.table(title, "learning rate", found, best, about, {"best": best, "validation_loss": losses})
    yield Report(table, sweep.figure("learning-rate", title, found, options.seeds), cells.folder)


def _validation_loss(results: Sequence[Mapping[str, Any]]) -> float:
    """Return the mean validation loss; infinite if a seed diverged."""
    if any("diverged" in each for each in results):
        return float("inf")
    return estimate([float(each["validation"]["loss"]) for each in results]).mean
