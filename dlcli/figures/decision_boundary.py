"""The decision boundary of a classifier of two features."""

from __future__ import annotations

import dataclasses
import functools

import jax
import numpy as np

from dlcli import formats
from dlcli.artifacts import Animation, Figure
from dlcli.data.tabular import catalogue
from dlcli.data.tabular.builder import ReadOptions
from dlcli.data.tabular.sets import TabularSet
from dlcli.engine import history
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import DecisionBoundary
from dlcli.formats import printable
from dlcli.metrics.metric import Rate
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, Points, UnitMap
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.mlp.learner import Learner

_RESOLUTION = 121  # points of the grid per axis
_FEWEST = 3  # checkpoints of an animation
_MARGIN = 0.15  # of the range of the data, on each side


def draw(options: DecisionBoundary, run: TrainedRun) -> Figure:
    """Show the class probabilities over the plane, with the training and validation examples on them."""
    learner: Learner = run.learner
    table = _table(run, learner)
    x, y = _axes(table)
    positions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    found = functional.jit(_outputs, learner)
    log_probabilities, activations = found(learner.facts.standardize(positions))
    shape = len(y), len(x)
    probabilities = np.exp(np.asarray(log_probabilities, np.float64)).reshape(*shape, -1)
    validation = table.splits["validation"]
    predicted = np.asarray(found(learner.facts.standardize(validation.features))[0]).argmax(axis=-1)
    accuracy = Rate((predicted == validation.target).sum(), len(validation)).describe()
    measured = f"validation accuracy {formats.percent(accuracy['value'])} (N = {accuracy['n']:,})"
    units = [
        UnitMap(layer, int(unit), np.asarray(values[:, unit], np.float64).reshape(shape))
        for layer, values in enumerate(activations, 1)
        for unit in _varying(np.asarray(values), options.units)
    ]
    chart = DecisionBoundaryChart(
        title=f"decision boundary of {printable(run.folder.name)}: {measured}",
        axes=(learner.facts.features[0], learner.facts.features[1]),
        x=x,
        y=y,
        probabilities=probabilities,
        classes=learner.facts.classes,
        points=[
            Points(name, table.splits[name].features, table.splits[name].target) for name in ("train", "validation")
        ],
        units=units,
    )
    numbers = {
        "run": options.run,
        "features": list(chart.axes),
        "classes": list(chart.classes),
        "accuracy": accuracy,
        "x": to_json(x),
        "y": to_json(y),
        "probabilities": to_json(probabilities),
        "units": [{"layer": each.layer, "unit": each.unit, "std": to_json(each.values.std())} for each in units],
    }
    sketch = functools.partial(terminal.decision_boundary.draw, chart)
    animate = functools.partial(_animated, run, chart, learner.facts.standardize(positions))
    return Figure("decision-boundary", page.decision_boundary.draw(chart), numbers, sketch, animate)


def _animated(run: TrainedRun, chart: DecisionBoundaryChart, positions: np.ndarray) -> Animation:
    """Return the map over training: a frame per kept checkpoint.

    Raises:
        RunError: the run has kept fewer than three.
    """
    frames = []
    for step, learner in history.learners(run):
        found = np.asarray(functional.jit(Learner.predict, learner)(positions), np.float64)
        frames.append((f"step {step:,}", np.exp(found).reshape(chart.probabilities.shape)))
    if len(frames) < _FEWEST:
        raise RunError(
            f"an animation needs at least {_FEWEST} checkpoints, {run.folder} has {len(frames)}",
            hint="train with --keep 50 and a smaller --save-every, such as a fiftieth of --steps",
        )
    title = f"decision boundary of {printable(run.folder.name)} over training"
    return page.decision_boundary.animate(dataclasses.replace(chart, title=title, units=[]), frames)


def _outputs(learner: Learner, features: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
    return learner.predict(features), learner.network.activations(features)


def _table(run: TrainedRun, learner: Learner) -> TabularSet:
    """Open the data of a run.

    Raises:
        RunError: it is no longer the data that the run was trained on.
    """
    table = catalogue.open(run.options.dataset, ReadOptions.of(run.options))
    if (table.features, table.classes) != (learner.facts.features, learner.facts.classes):
        raise RunError(f"{table.name} must have the columns and classes of {run.folder}, found others")
    return table if run.options.train_examples is None else table.limited(run.options.train_examples)


def _axes(table: TabularSet) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of the grid, float [_RESOLUTION] each, around the training examples."""
    features = table.splits["train"].features
    low, high = features.min(axis=0), features.max(axis=0)
    margin = _MARGIN * np.where(high > low, high - low, 1.0)
    x, y = np.linspace(low - margin, high + margin, _RESOLUTION).T
    return x, y


def _varying(values: np.ndarray, count: int) -> np.ndarray:
    """Return the units with the largest variance over the plane, [point, unit], in ascending order."""
    return np.sort(np.argsort(-values.var(axis=0), kind="stable")[:count])
