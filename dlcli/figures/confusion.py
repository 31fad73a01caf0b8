"""The confusion matrix of a classifier."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import jax
import numpy as np
from flax import nnx

from dlcli import engine, formats, techniques
from dlcli.artifacts import Figure
from dlcli.engine.load import measured
from dlcli.errors import RunError
from dlcli.figures.options.images import Confusion
from dlcli.formats import printable
from dlcli.interface import Batch
from dlcli.metrics import metric as metrics
from dlcli.plot import page, terminal
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.runs.folder import RunFolder, technique_of


def draw(options: Confusion) -> Figure:
    """Draw the confusion matrix of a classifier of any technique on its validation split.

    The JSON output of `dlcli eval` has the counts on the test split.
    """
    folder = Path(options.run)
    learner_type = techniques.learner(technique_of(folder))
    run = RunFolder(folder)
    moved = {"data_dir": options.data_dir} if options.data_dir else {}
    trained, facts = run.options(learner_type).model_copy(update=moved), run.facts(learner_type)
    data = measured(run, None, lambda: learner_type.reread(trained, facts))
    if data.facts != facts:
        raise RunError(f"the data must have the shapes and classes that {folder} was trained on, found others")
    counts = _counts(engine.load(folder, learner_type, options.use), data.validation, folder)
    rate = metrics.Rate(np.trace(counts), counts.sum()).describe()
    accuracy = f"accuracy {formats.percent(rate['value'])} (N = {rate['n']:,})"
    title = f"confusion matrix of {printable(folder.name)}, validation split: {accuracy}"
    names = data.facts.classes
    numbers = {"run": options.run, "split": "validation", "classes": names, "counts": counts.tolist(), "accuracy": rate}
    chart = ConfusionChart(title, counts, names, options.percent)
    drawing = page.confusion.draw(chart)
    return Figure("confusion", drawing, numbers, functools.partial(terminal.confusion.draw, chart))


def _counts(learner: engine.Learner, batches: Iterable[Batch], folder: Path) -> np.ndarray:
    """Return the counts summed over all batches, int [class, class]."""
    graph, state = nnx.split(learner)
    score = jax.jit(lambda state, batch: _confusions(nnx.merge(graph, state).score(batch)))
    total: engine.Metrics = {}
    for batch in batches:
        counted = score(state, dict(batch))
        total = metrics.add(total, counted) if total else counted
    if not total:
        raise RunError(f"{folder} must be a run of a classifier with a validation split")
    return np.asarray(next(iter(total.values())).counts).astype(int)


def _confusions(scored: engine.Metrics) -> engine.Metrics:
    return {name: metric for name, metric in scored.items() if isinstance(metric, engine.Confusion)}
