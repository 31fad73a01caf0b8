"""Which class is taken for which."""

from __future__ import annotations

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.engine.evaluate import evaluate
from dlcli.errors import RunError
from dlcli.figures.options.images import Confusion
from dlcli.formats import printable
from dlcli.metrics.confusion import Confusion as Counts
from dlcli.metrics.metric import Rate
from dlcli.plot import matrices, terminal
from dlcli.runs.trained import TrainedRun


def draw(options: Confusion, run: TrainedRun) -> Figure:
    """Draw the confusion matrix of a classifier, of whatever technique, on its validation split.

    The test split is for `dlcli eval` alone, whose JSON holds the counts on it.
    """
    found = evaluate(run, options, split="validation")
    counted = [metric for metric in found.metrics.values() if isinstance(metric, Counts)]
    if not counted:
        raise RunError(f"{run.folder} must be a run of a classifier, found no confusion counts")
    counts, names = np.asarray(counted[0].counts).astype(int), run.facts.classes
    rate = Rate(np.trace(counts), counts.sum()).describe()
    accuracy = f"accuracy {formats.percent(rate['value'])} (N = {rate['n']:,})"
    title = f"{printable(run.folder.name)} on the validation split: {accuracy}"
    numbers = {**found.protocol, "classes": names, "counts": counts.tolist(), "accuracy": rate}
    return Figure(
        "confusion",
        matrices.confusion(counts, names, title=title, percent=options.percent),
        numbers,
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: terminal.confusion(
                counts, names, percent=options.percent, width=width, colour=colour, most=left
            ),
        ),
    )
