"""The confusion matrix of a classifier."""

from __future__ import annotations

import functools

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.engine.evaluate import evaluate
from dlcli.errors import RunError
from dlcli.figures import held_out, subject
from dlcli.figures.options.images import Confusion
from dlcli.formats import printable
from dlcli.metrics.confusion import Confusion as Counts
from dlcli.metrics.metric import Rate
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.charts.tiles import Tile
from dlcli.runs.trained import TrainedRun

_MOST = 10_000  # images of the validation split among which misclassified ones are looked for


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
    wrong = _misclassified(options, run) if options.errors and run.technique == "cnn" else []
    numbers["misclassified"] = [each.caption for each in wrong]
    chart = ConfusionChart(title, counts, names, options.percent, wrong)
    drawing = page.confusion.draw(chart)
    return Figure("confusion", drawing, numbers, functools.partial(terminal.confusion.draw, chart))


def _misclassified(options: Confusion, run: TrainedRun) -> list[Tile]:
    """Return the misclassified images that are predicted with the highest probability, the highest first."""
    found = held_out.examples(options, run, _MOST)
    predict = functional.jit(lambda learner, pixels: learner.log_probabilities(pixels), run.learner)
    size = run.options.batch_size
    parts = [found["image"][start : start + size] for start in range(0, len(found["image"]), size)]
    logs = np.concatenate([np.asarray(predict(part)) for part in parts])
    predicted, best = logs.argmax(axis=1), np.exp(logs.max(axis=1))
    wrong = np.flatnonzero(predicted != found["label"])
    chosen = wrong[np.argsort(-best[wrong], kind="stable")][: options.errors]
    names = run.facts.classes
    return [
        Tile(
            subject.drawable(found["image"][place]),
            f"{names[found['label'][place]]} predicted {names[predicted[place]]}: {best[place]:.2f}",
        )
        for place in chosen
    ]
