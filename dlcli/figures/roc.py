"""ROC curves of a classifier: true-positive rate against false-positive rate, each class against the others.

Reference: Fawcett, "An introduction to ROC analysis", 2006, doi:10.1016/j.patrec.2005.10.010.
"""

from __future__ import annotations

import functools
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.engine.evaluate import evaluate
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Roc
from dlcli.formats import printable
from dlcli.interface import Batch
from dlcli.metrics.metric import Metrics
from dlcli.metrics.roc import RocAuc
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun

_CLASSES = 8  # curves; of more classes, those of the smallest areas are drawn
_MAX_POINTS = 400  # of a curve


def draw(options: Roc, run: TrainedRun) -> Figure:
    """Draw a curve per class on the validation split; two classes have one curve."""
    classes = run.facts.classes
    numbers = range(1, 2) if len(classes) == 2 else range(len(classes))
    found = evaluate(run, options, split="validation", score=_scorer(run, numbers))
    areas = {classes[number]: cast(RocAuc, found.metrics[str(number)]) for number in numbers}
    measured = {name: metric.value() for name, metric in areas.items()}
    shown = sorted((name for name in areas if measured[name] is not None), key=lambda name: measured[name] or 0.0)
    lines, curves = [], {}
    for name in shown[:_CLASSES]:
        false, true = curve(np.asarray(areas[name].counts).reshape(2, -1))
        lines.append(Line(f"class {name}, AUC {measured[name]:.4f}", false, true))
        curves[name] = {"false_positive_rate": to_json(false), "true_positive_rate": to_json(true)}
    ends = np.array([0.0, 1.0])
    lines.append(Line("chance", ends, ends, dashed=True))
    left = len(shown) - _CLASSES
    note = f"; {left} classes of larger area left out" if left > 0 else ""
    title = f"ROC curves of {printable(run.folder.name)}, validation split{note}"
    chart = LinesChart(title, [Panel(lines, "true-positive rate")], xlabel="false-positive rate")
    result = {**found.protocol, "auc": measured, "curves": curves}
    return Figure("roc", page.lines.draw(chart), result, functools.partial(terminal.lines.draw, chart))


def curve(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the false- and the true-positive rate as the threshold falls, float [threshold] each, from 0 to 1.

    Args:
        counts: negative and positive examples by ascending score, int [2, bin].
    """
    negative, positive = counts[:, ::-1].astype(np.float64)
    kept = (negative + positive) > 0
    rates = [np.append(0.0, np.cumsum(each[kept]) / max(each.sum(), 1.0)) for each in (negative, positive)]
    places = np.unique(np.rint(np.linspace(0, len(rates[0]) - 1, min(len(rates[0]), _MAX_POINTS))).astype(int))
    return rates[0][places], rates[1][places]


def _scorer(run: TrainedRun, numbers: range) -> Any:
    """Return a function that counts the scores of each class of a batch."""
    predict = functional.jit(lambda learner, batch: learner.batch_log_probabilities(batch), run.learner)

    @jax.jit
    def counted(log_probabilities: jax.Array, label: jax.Array, mask: jax.Array) -> Metrics:
        # log(1 - p) from the other classes: exact for p near 1.
        found = {}
        for number in numbers:
            others = jnp.delete(log_probabilities, number, axis=1, assume_unique_indices=True)
            odds = log_probabilities[:, number] - jax.nn.logsumexp(others, axis=1)
            found[str(number)] = RocAuc.of(odds, (label == number).astype(jnp.int32), mask)
        return found

    def score(_: int, batch: Batch) -> Metrics:
        outputs = predict({name: jnp.asarray(values) for name, values in batch.items()})
        return cast(Metrics, counted(outputs, jnp.asarray(batch["label"]), jnp.asarray(batch["mask"])))

    return score
