"""The decision boundary of a classifier of two features."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

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
from dlcli.options.fields import flag
from dlcli.plot import page, terminal
from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, Points, UnitMap
from dlcli.plot.charts.tiles import Tile, TileGrid, in_rows
from dlcli.runs.lookup import find
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.mlp.learner import Learner

_RESOLUTION = 121  # points of the grid per axis
_FEWEST = 3  # checkpoints of an animation
_MARGIN = 0.15  # of the range of the data, on each side


def draw(options: DecisionBoundary, run: TrainedRun) -> Figure:
    """Show the class probabilities over the plane, with the training and validation examples on them."""
    others = [run.other(find(name, "mlp", "--compare")) for name in options.compare]
    for other in others:
        options.require_fit(other)
        if (other.facts.features, other.facts.classes) != (run.facts.features, run.facts.classes):
            raise RunError(f"{other.folder} must have the columns and classes of {run.folder}, found others")
    chart, numbers = _chart(run, 0 if others else options.units)
    if others:
        return _beside(run, others, chart, numbers)
    sketch = functools.partial(terminal.decision_boundary.draw, chart)
    animate = functools.partial(_animated, run, chart)
    return Figure("decision-boundary", page.decision_boundary.draw(chart), numbers, sketch, animate)


def _chart(run: TrainedRun, units: int) -> tuple[DecisionBoundaryChart, dict[str, Any]]:
    """Return the map of a run with some of its hidden units per layer, and its values for JSON."""
    learner: Learner = run.learner
    table = _table(run, learner)
    x, y = _axes(table)
    found = functional.jit(_outputs, learner)
    log_probabilities, activations = found(learner.facts.standardize(_positions(x, y)))
    shape = len(y), len(x)
    probabilities = np.exp(np.asarray(log_probabilities, np.float64)).reshape(*shape, -1)
    validation = table.splits["validation"]
    predicted = np.asarray(found(learner.facts.standardize(validation.features))[0]).argmax(axis=-1)
    accuracy = Rate((predicted == validation.target).sum(), len(validation)).describe()
    measured = f"validation accuracy {formats.percent(accuracy['value'])} (N = {accuracy['n']:,})"
    maps = [
        UnitMap(layer, int(unit), np.asarray(values[:, unit], np.float64).reshape(shape))
        for layer, values in enumerate(activations, 1)
        for unit in _varying(np.asarray(values), units)
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
        units=maps,
    )
    numbers = {
        "run": str(run.folder),
        "features": list(chart.axes),
        "classes": list(chart.classes),
        "accuracy": accuracy,
        "x": to_json(x),
        "y": to_json(y),
        "probabilities": to_json(probabilities),
        "units": [{"layer": each.layer, "unit": each.unit, "std": to_json(each.values.std())} for each in maps],
    }
    return chart, numbers


def _beside(
    run: TrainedRun, others: Sequence[TrainedRun], chart: DecisionBoundaryChart, numbers: dict[str, Any]
) -> Figure:
    """Return the maps of several runs side by side, each named by the options in which the runs differ."""
    found = [(chart, numbers), *(_chart(other, 0) for other in others)]
    runs = [run, *others]
    names = _differences(runs)
    panels = [
        dataclasses.replace(each, title=f"{name}: {formats.percent(values['accuracy']['value'])}")
        for name, (each, values) in zip(names, found, strict=True)
    ]
    title = f"decision boundaries: validation accuracy (N = {numbers['accuracy']['n']:,})"
    tiles = [Tile(page.decision_boundary.with_boundary(each)[::-1], each.title) for each in panels]
    grid = TileGrid(title, in_rows(tiles, 4), "colour: predicted class, paler where less certain; black: boundary")
    whole = {**numbers, "compared": {name: values for name, (_, values) in zip(names[1:], found[1:], strict=True)}}
    sketch = functools.partial(terminal.tiles.draw, grid, height=12, per_line=2)
    animate = functools.partial(_animated, run, chart)
    return Figure("decision-boundary", page.decision_boundary.draw_beside(panels, title), whole, sketch, animate)


def _differences(runs: Sequence[TrainedRun]) -> list[str]:
    """Return the options of each run that differ between the runs, or its name where none do."""
    ignored = ("out", "name", "seed")
    dumped = [{name: getattr(run.options, name) for name in type(run.options).model_fields} for run in runs]
    differing = [name for name in dumped[0] if name not in ignored and len({str(each[name]) for each in dumped}) > 1]
    labels = [
        ", ".join(f"{flag(name)[2:]} {formats.option(name, each[name])}" for name in differing) for each in dumped
    ]
    return [f"{printable(run.folder.name)} ({label})" if label else printable(run.folder.name)
            for run, label in zip(runs, labels, strict=True)]  # fmt: skip


def _positions(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the points of the grid, float [row · column, 2]."""
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _animated(run: TrainedRun, chart: DecisionBoundaryChart) -> Animation:
    """Return the map over training: a frame per kept checkpoint.

    Raises:
        RunError: the run has kept fewer than three.
    """
    frames = []
    positions = run.learner.facts.standardize(_positions(chart.x, chart.y))
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
