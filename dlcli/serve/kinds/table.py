"""Predict the class or the value of a row of numbers; of two features, with a map of the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures.json_values import to_json
from dlcli.nn import functional
from dlcli.options.common import Options
from dlcli.plot import palette
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, NoBody, Values, png, single

_BATCH = 16  # rows
_FEATURES = 64  # of a page
_SIDE = 121  # points along each side of the map
_EXTENT = 2.5  # standard deviations that the map and the sliders reach from the mean
_PALE = 0.25  # weight of white in the colours of the map


class RowBody(Options):
    """A row."""

    features: Annotated[list[float], Field(min_length=1, max_length=_FEATURES, description="Value of each feature.")]


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a multilayer perceptron.

    Raises:
        UsageError: there are too many features for a page.
    """
    facts = run.facts
    if len(facts.features) > _FEATURES:
        count = f"{len(facts.features):,}"
        raise UsageError(f"dlcli serve needs an mlp of at most {_FEATURES} features, {run.folder} has {count}")
    actions = {"predict": Action("Predict the class or the value of a row.", RowBody, _Rows(run).predict, _BATCH)}
    if _is_plane(run):
        summary = "Return the class probabilities over the plane, as a picture."
        actions["plane"] = Action(summary, NoBody, single(lambda _: _plane(run)))
    ranges = [_range(run, number) for number in range(len(facts.features))]
    names = {"features": list(facts.features), "classes": list(facts.classes), "target": facts.target}
    return Kind("table", actions, {**names, "mean": list(facts.mean), "ranges": ranges})


class _Rows:
    def __init__(self, run: TrainedRun):
        self._run = run

    def predict(self, bodies: Sequence[RowBody]) -> list[Values]:
        """Return the probabilities of the classes, or the value, of each row."""
        count, facts = len(self._run.facts.features), self._run.facts
        for each in bodies:
            if len(each.features) != count:
                raise UsageError(f"a row must have {count} numbers, got {len(each.features)}")
        rows = np.tile(np.asarray(facts.mean), (_BATCH, 1))
        rows[: len(bodies)] = [each.features for each in bodies]
        found = _outputs(self._run, rows)[: len(bodies)]
        if facts.classes:
            return [{"classes": list(facts.classes), "probabilities": to_json(np.exp(row))} for row in found]
        return [{"target": facts.target, "value": float(value)} for value in found]


def _outputs(run: TrainedRun, rows: np.ndarray) -> np.ndarray:
    learner = run.learner
    apply = run.once("predict", lambda: functional.jit(type(learner).predict, learner))
    return np.asarray(apply(learner.facts.standardize(rows)), np.float64)


def _is_plane(run: TrainedRun) -> bool:
    return len(run.facts.features) == 2 and 0 < len(run.facts.classes) <= len(palette.LINES)


def _range(run: TrainedRun, number: int) -> tuple[float, float]:
    mean, std = run.facts.mean[number], run.facts.std[number]
    return mean - _EXTENT * std, mean + _EXTENT * std


def _plane(run: TrainedRun) -> Values:
    (left, right), (bottom, top) = (_range(run, number) for number in (0, 1))
    x, y = np.meshgrid(np.linspace(left, right, _SIDE), np.linspace(top, bottom, _SIDE))
    found = np.exp(_outputs(run, np.stack([x, y], axis=-1).reshape(-1, 2)))
    classes = np.stack([palette.from_hex(each) for each in palette.LINES[: found.shape[1]]])
    colors = (1 - _PALE) * (found @ classes) + _PALE
    return {"image": png((255 * colors.reshape(_SIDE, _SIDE, 3)).astype(np.uint8)), "colors": list(palette.LINES)}
