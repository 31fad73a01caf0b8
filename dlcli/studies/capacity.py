"""The error against the width of the network."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import Capacity

_REFERENCE = 16  # channels of the network of other studies


def study(options: Capacity) -> Iterator[Cell | Report]:
    """Train networks of several widths on few examples, all for the same number of steps.

    Reference: Belkin et al., "Reconciling Modern Machine-Learning Practice and the Bias-Variance Trade-Off", 2019,
    arXiv:1812.11118.
    """
    widths = [2**exponent for exponent in range(options.widths)]
    conditions = {f"{width} channels": {"channels": width, "hidden": 4 * width} for width in widths}
    cells = Cells("capacity", options, len(widths) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    reference = f"{_REFERENCE} channels" if _REFERENCE in widths else list(found)[-1]
    examples = f"{options.train_examples:,} examples" if options.train_examples else "all examples"
    title = f"test error against width, {examples} of {options.dataset}, {options.steps} steps each"
    about = {"study": "capacity", "seeds": options.seeds, "steps": options.steps, "widths": widths}
    table = sweep.table(title, "width", found, reference, about, {})
    yield Report(table, sweep.figure("capacity", title, found, options.seeds), cells.folder)
