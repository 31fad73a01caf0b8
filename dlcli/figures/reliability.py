"""The reliability diagram of a classifier: accuracy against confidence.

Reference: Niculescu-Mizil and Caruana, "Predicting Good Probabilities with Supervised Learning", 2005; Guo et al., "On
Calibration of Modern Neural Networks", 2017, arXiv:1706.04599, figure 1.
"""

from __future__ import annotations

import functools

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.engine.evaluate import evaluate
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Reliability
from dlcli.formats import printable
from dlcli.metrics.calibration import Calibration
from dlcli.metrics.intervals import wilson
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun


def draw(options: Reliability, run: TrainedRun) -> Figure:
    """Draw the accuracy in each bin of confidence on the validation split, and how many examples are in it."""
    found = evaluate(run, options, split="validation")
    metric = found.metrics.get("calibration_error")
    if not isinstance(metric, Calibration):
        raise RunError(f"{run.folder} must be a run of a classifier, found no calibration")
    described = metric.describe()
    counts = np.array(described["count"])
    kept = counts > 0
    confidence, accuracy = (np.array(described[name])[kept] for name in ("confidence", "accuracy"))
    bounds = np.array(
        [wilson(float(hits), float(n)) for hits, n in zip(accuracy * counts[kept], counts[kept], strict=True)]
    )
    ends = np.array([0.0, 1.0])
    diagram = [
        Line("accuracy of the bin, 95 % CI", confidence, accuracy, band=bounds.T),
        Line("perfect calibration", ends, ends, dashed=True),
    ]
    examples = [Line("examples in the bin", confidence, counts[kept] / counts.sum())]
    error = formats.loss(described["value"])
    total = int(counts.sum())
    title = (
        f"reliability of {printable(run.folder.name)}, validation split (N = {total:,}): "
        f"expected calibration error {error}"
    )
    panels = [Panel(diagram, "accuracy"), Panel(examples, "fraction of the examples")]
    chart = LinesChart(title, panels, xlabel="confidence: probability of the predicted class")
    numbers = {
        **found.protocol,
        "expected_calibration_error": described["value"],
        "confidence": to_json(confidence),
        "accuracy": to_json(accuracy),
        "intervals": to_json(bounds),
        "count": counts[kept].tolist(),
    }
    return Figure("reliability", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))
