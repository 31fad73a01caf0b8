"""The error against the batch size, at equally many examples seen."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import BatchSize
from dlcli.studies.tasks import RATE

_RULES = {"constant": 0.0, "square root": 0.5}  # exponent of the batch size in the learning rate


def study(options: BatchSize) -> Iterator[Cell | Report]:
    """Train with several batch sizes, each for as many examples, with two rules for the learning rate.

    With Adam, the learning rate grows with the square root of the batch size, or is constant.

    Reference: Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022, arXiv:2205.10287.
    """
    sizes = [max(1, round(options.batch_size * 2.0**power)) for power in range(-2, options.sizes - 2)]
    conditions = {
        f"{size}, {rule} rate": {
            "batch_size": size,
            "steps": max(1, round(options.steps * options.batch_size / size)),
            "learning_rate": RATE * (size / options.batch_size) ** exponent,
        }
        for rule, exponent in _RULES.items()
        for size in sizes
        if exponent == 0 or size != options.batch_size
    }
    cells = Cells("batch-size", options, len(conditions) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    seen = options.steps * options.batch_size
    title = f"test error on {options.dataset} against batch size, {seen:,} examples seen each"
    about = {"study": "batch-size", "seeds": options.seeds, "examples_seen": seen, "sizes": sizes}
    table = sweep.table(title, "batch size", found, f"{options.batch_size}, constant rate", about, {})
    yield Report(table, sweep.figure("batch-size", title, found, options.seeds), cells.folder)
