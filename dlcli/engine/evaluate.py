"""Measures a trained run on a held-out split: the one evaluation of all techniques."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import jax

from dlcli.engine.devices import split as sharding
from dlcli.engine.learner import Learner
from dlcli.engine.load import Restored
from dlcli.engine.program import score_all
from dlcli.errors import DatasetError, RunError
from dlcli.interface import Batch, Data
from dlcli.metrics.metric import Metrics, add
from dlcli.options.common import FitOptions, Options
from dlcli.runs.trained import TrainedRun

# Options of `eval` and of figures that replace those of training: where other data lies, and how it is read.
_DATA = ("dataset", "data_dir", "text_column", "label_column", "source_column", "target_column")

Scorer = Callable[[int, Batch], Metrics]  # from a batch and its number to its metrics


class Digested(Protocol):
    """Data with a digest of its training part."""

    @property
    def digest(self) -> str: ...


D = TypeVar("D", bound=Digested)


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured, on what.

    Attributes:
        metrics: sums over the split, by name.
        data: that was opened.
        options: of training, with the data that was measured.
        protocol: run, data set, split and weights, as JSON.
    """

    metrics: Metrics
    data: Data
    options: Any
    protocol: dict[str, Any]

    @property
    def title(self) -> str:
        """Run, split and data set, for the heading of a table."""
        return title(self.protocol)

    @property
    def examples(self) -> Any:
        """The split that was measured, as the data set was opened: texts or pairs."""
        return self.data.opened.splits[self.protocol["split"]]

    def described(self) -> dict[str, Any]:
        """Return each metric with what belongs to it, such as its interval, as JSON."""
        return {name: metric.describe() for name, metric in self.metrics.items()}


def evaluate(
    run: TrainedRun,
    options: Options,
    *,
    split: str = "test",
    learner: Learner | None = None,
    score: Scorer | None = None,
) -> Evaluation:
    """Restore a run, open its data or other data of the same shape, and sum its metrics over a split.

    Args:
        run: to measure.
        options: of `eval` or of a figure; those that name data replace those of training.
        split: "test" or "validation".
        learner: measured instead of the run's own, which it is a changed copy of.
        score: measures a batch, instead of the learner's `score`.

    Raises:
        DatasetError: the data is missing or malformed.
        RunError: the run cannot be restored, or the data does not fit it or has no such split.
    """
    restored: Restored = run.restored
    given = {name: getattr(options, name, None) for name in _DATA if name in type(run.options).model_fields}
    given = {name: value for name, value in given.items() if value is not None}
    trained: FitOptions = run.options.model_copy(update=given)
    data = opened(run, given.get("dataset"), lambda: type(restored.learner).read(trained, run.facts))
    restored.learner.require_fit(data.facts, str(run.folder))
    batches, name = (data.test, data.test_split) if split == "test" else (data.validation, split)
    if score is None:
        leaves = restored.leaves if learner is None else restored.program.leaves_of(learner)
        totals = score_all(restored.program, leaves, batches, sharding(restored.program.mesh))
    else:
        totals = _summed(score, batches)
    if totals is None:
        raise RunError(f"{trained.dataset} must have a {name} split, found none")
    return Evaluation(jax.device_get(totals), data, trained, protocol(run, given.get("dataset"), name))


def protocol(run: TrainedRun, dataset: str | None, split: str) -> dict[str, Any]:
    """Return what was measured, as JSON: run, data set (None for the run's own), split and weights."""
    return {"run": str(run.folder), "dataset": dataset or run.dataset, "split": split, "use": run.use}


def title(protocol: Mapping[str, Any]) -> str:
    """Return run, split and data set of a protocol, for the heading of a table of test metrics."""
    without = "" if protocol["split"] == "test" else ", which has no test split"
    return f"{protocol['run']}: {protocol['split']} split of {protocol['dataset']}{without}"


def opened(run: TrainedRun, dataset: str | None, read: Callable[[], D]) -> D:
    """Open the data that a run is measured on, and warn where it is not the data it was trained on.

    Args:
        run: to measure.
        dataset: the user's choice; None for the run's own.
        read: opens it.
    """
    if dataset is not None:
        return read()
    try:
        found = read()
    except DatasetError as error:
        run.files.explain_missing_data(run.dataset, error)
        raise
    run.files.warn_if_data_changed(run.dataset, found.digest)
    return found


def _summed(score: Scorer, batches: Iterable[Batch]) -> Metrics | None:
    totals = None
    for number, batch in enumerate(batches):
        metrics = score(number, batch)
        totals = metrics if totals is None else add(totals, metrics)
    return totals
