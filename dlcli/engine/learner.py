"""The one interface between a technique and the engine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flax import nnx

from dlcli import interface
from dlcli.engine.inference import Inference
from dlcli.errors import UsageError
from dlcli.interface import Batch, Data
from dlcli.metrics.metric import Metrics
from dlcli.options.common import FitOptions

AxisNames = tuple[int, Sequence[str]]  # an axis, and what each of its entries stands for


class Learner(nnx.Module):
    """Everything that training changes, together with the rule that changes it.

    Parameters, optimizer states, moving averages, random streams and recurrent carries are attributes of the
    learner. The engine compiles `update`, saves the attributes and restores them, and depends on nothing else: a
    learner may have two optimizers, sparse updates, averaged parameters or a carried state.

    Attributes:
        technique: name of the technique, which is the name of its folder.
        Options: the technique's training options.
        Facts: what its data tells its model.
    """

    technique: ClassVar[str]
    Options: ClassVar[type[FitOptions]]
    Facts: ClassVar[type[interface.Facts]]

    @staticmethod
    def monitor(options: FitOptions) -> tuple[str, ...]:
        """Return the metrics of `score` that choose the best weights, by priority; "-NAME" is maximized."""
        return ("loss",)

    @staticmethod
    @abstractmethod
    def read(options: FitOptions, facts: interface.Facts | None = None) -> Data:
        """Open the data.

        Args:
            options: training options.
            facts: of a trained run, to evaluate or resume it; a tokenizer in them is used and not trained again.

        Raises:
            DatasetError: the data is missing or malformed.
        """

    @staticmethod
    def chosen(options: FitOptions) -> Mapping[str, tuple[Any, str]]:
        """Return what the technique chooses for options left open, by name: value, and reason (`--arch small`)."""
        return {}

    @staticmethod
    def axis_names(options: FitOptions, facts: interface.Facts) -> Mapping[str, AxisNames]:
        """Return the axes whose entries stand for tokens, words or classes, with their names, by parameter path.

        A run that is initialized from another one takes the entries of the same names.
        """
        return {}

    @abstractmethod
    def __init__(self, options: FitOptions, facts: interface.Facts):
        """Build the untrained learner; the same arguments give the same parameters."""

    @abstractmethod
    def update(self, batch: Batch) -> Metrics:
        """Make one training step in place. Traced once, so shapes must not vary between batches."""

    @abstractmethod
    def score(self, batch: Batch) -> Metrics:
        """Measure the learner on held-out data; changes to its state are dropped after the last batch."""

    def require_fit(self, facts: interface.Facts, run: str) -> None:
        """Raise `RunError` where the learner cannot be measured on data with these facts.

        Args:
            facts: of the data.
            run: folder of the learner's run, for the message.
        """

    def trained_model(self) -> nnx.Module:
        """Return the network as it is used after training, with averaged weights where the technique averages them."""
        return getattr(self, "network", self)

    def inference(self) -> Inference:
        """Return the function of the trained model that other programs call.

        Raises:
            UsageError: there is none.
        """
        raise UsageError(f"a run of {self.technique} has no function that maps inputs to outputs")

    def warm_start(self, options: FitOptions) -> bool:
        """Replace parts of a new learner by trained ones that are not of a run; return whether anything changed.

        Called once per run, before its first step; a resumed run has the parts in its checkpoints.
        """
        return False
