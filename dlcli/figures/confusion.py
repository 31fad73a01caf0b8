"""The confusion matrix of a classifier."""

from __future__ import annotations

import functools

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.engine.evaluate import evaluate
from dlcli.errors import RunError
from dlcli.figures.options.images import Confusion
from dlcli.formats import printable
from dlcli.metrics.confusion import Confusion as Counts
from dlcli.metrics.metric import Rate
from dlcli.plot import page, terminal
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.runs.trained import TrainedRun


def draw(options: Confusion, run: TrainedRun) -> Figure:
    """Draw the confusion matrix of a classifier of any technique on its validation split.

    The JSON output of `dlcli eval` has the counts on the test split.
    """
    found = evaluate(run, options, split="validation")
    counted = [metric for metric in found.metrics.values() if isinstance(metric, Counts)]
    if not counted:
        raise RunError(f"{run.folder} must be a run of a classifier, found no confusion counts")
    counts, names = np.asarray(counted[0].counts).astype(int), run.facts.classes
    rate = Rate(np.trace(counts), counts.sum()).describe()
    accuracy = f"accuracy {formats.percent(rate['value'])} (N = {rate['n']:,})"
    title = f"confusion matrix of {printable(run.folder.name)}, validation split: {accuracy}"
    numbers = {**found.protocol, "classes": names, "counts": counts.tolist(), "accuracy": rate}
    chart = ConfusionChart(title, counts, names, options.percent)
    drawing = page.confusion.draw(chart)
    return Figure("confusion", drawing, numbers, functools.partial(terminal.confusion.draw, chart))
