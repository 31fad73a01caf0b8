"""The one interface between a technique and the engine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from flax import nnx

from dlcli import interface
from dlcli.interface import Batch, Data
from dlcli.metrics.metric import Metrics
from dlcli.options.common import FitOptions


class Learner(nnx.Module):
    """All that training changes, together with the rule that changes it.

    Parameters, optimizer states, moving averages, random streams and recurrent carries are
    attributes of the learner. The engine compiles `update`, saves the attributes and restores
    them, and needs to know nothing else. Hence two optimizers, sparse updates, an average of the
    parameters or a carried state are matters of the learner alone.

    Attributes:
        Options: the technique's options of `train`.
        Facts: what its data tells its model.
    """

    Options: ClassVar[type[FitOptions]]
    Facts: ClassVar[type[interface.Facts]]

    @staticmethod
    def monitor(options: FitOptions) -> tuple[str, ...]:
        """Name the metrics of `score` that choose the best weights, the first first; -NAME: the higher the better."""
        return ("loss",)

    @staticmethod
    @abstractmethod
    def read(options: FitOptions) -> Data:
        """Open the data; raise `DatasetError` where it is missing or malformed."""

    @classmethod
    def reread(cls, options: FitOptions, facts: interface.Facts) -> Data:
        """Open the data of a run with these facts, which may hold what `read` would make or load again."""
        return cls.read(options)

    @staticmethod
    def chosen(options: FitOptions) -> Mapping[str, tuple[Any, str]]:
        """Return what the options leave to the technique, by name: its value, and what chose it, such as `--arch`."""
        return {}

    @abstractmethod
    def __init__(self, options: FitOptions, facts: interface.Facts):
        """Build the untrained learner; the same arguments give the same parameters."""

    @abstractmethod
    def update(self, batch: Batch) -> Metrics:
        """Make one training step in place. Traced once, so shapes must not vary by batch."""

    @abstractmethod
    def score(self, batch: Batch) -> Metrics:
        """Measure the learner on held-out data; changes are thrown away."""

    def warm_start(self, options: FitOptions) -> bool:
        """Replace parts of a new, untrained learner by trained ones; tell whether anything changed.

        Called once in a run's life, before its first step; a resumed run has the parts in its
        checkpoints.
        """
        return False
