"""The outer Hessian eigenvalues of the training loss over the checkpoints of a run."""

from __future__ import annotations

import functools

import numpy as np

from dlcli import activity
from dlcli.artifacts import Figure
from dlcli.engine.loss_function import LossFunction
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import Curvature
from dlcli.formats import printable
from dlcli.optim import lanczos
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun


def draw(options: Curvature, run: TrainedRun) -> Figure:
    """Compute the eigenvalues at each kept checkpoint, and draw a line per eigenvalue."""
    loss = LossFunction(run, options.batches)
    checkpoints = loss.checkpoints()
    if not checkpoints:
        raise RunError(f"{run.folder} has no checkpoint")
    size = sum(each.size for each in loss.weights.values())
    found = []
    for number, (step, weights) in enumerate(checkpoints.items()):
        activity.report(f"Hessian eigenvalues at step {step:,}, checkpoints", number, len(checkpoints))
        product = functools.partial(loss.hessian_product, "train", weights)
        found.append(lanczos.eigenvalues(product, size, options.iterations, options.seed))
    activity.report("")
    steps = np.array(list(checkpoints))
    largest = np.stack([_largest(each, options.eigenvalues) for each in found])
    smallest = np.array([each[0] for each in found])
    lines = [Line(f"largest eigenvalue {number + 1}", steps, values) for number, values in enumerate(largest.T)]
    lines.append(Line("smallest eigenvalue", steps, smallest, dashed=True))
    title = f"Hessian eigenvalues of the training loss of {printable(run.folder.name)}"
    numbers = {
        "run": options.run,
        "parameters": size,
        "steps": steps.tolist(),
        "largest": to_json(largest),
        "smallest": to_json(smallest),
        "iterations": options.iterations,
    }
    chart = LinesChart(title, [Panel(lines, "eigenvalue")])
    return Figure("curvature", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` largest values in descending order; NaN where there are fewer."""
    found = values[::-1][:count]
    return np.pad(found, (0, count - len(found)), constant_values=np.nan)
