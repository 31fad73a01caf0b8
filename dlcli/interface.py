"""The types that every layer shares: a batch, data facts, and the data of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import jax
    import numpy as np

Batch = Mapping[str, "np.ndarray | jax.Array"]


class HeldOutBatches(Protocol):
    """Batches of a held-out split, which can be iterated repeatedly.

    All have the shapes of the first; a short last batch is padded, and `mask` marks its examples.
    """

    def __iter__(self) -> Iterator[Batch]: ...

    def part(self, examples: int) -> HeldOutBatches:
        """Return the batches of a fixed part of the split, of about this many examples; 0: of the whole split."""

    def shared(self, share: Share) -> HeldOutBatches:
        """Return a share of each batch."""


class Facts(BaseModel):
    """What the data set tells the model, such as image shape, classes or vocabulary.

    Facts are saved in the run folder, so that a trained model can be rebuilt without its data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclasses.dataclass(frozen=True)
class Share:
    """The part of each batch that one process makes.

    Attributes:
        index: number of the process.
        count: number of processes; it divides the batch size.
    """

    index: int = 0
    count: int = 1

    def of(self, rows: Any) -> Any:
        """Return the part of an array along its first axis."""
        if self.count == 1:
            return rows
        size = len(rows) // self.count
        return rows[self.index * size : (self.index + 1) * size]

    def cut(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the part of a whole batch."""
        return batch if self.count == 1 else {name: self.of(rows) for name, rows in batch.items()}


WHOLE = Share()


def shared(batches: HeldOutBatches, share: Share) -> Iterable[Batch]:
    """Return a share of each batch."""
    return batches if share.count == 1 else batches.shared(share)


class TrainFrom(Protocol):
    """The training batches from a step on."""

    def __call__(self, step: int, share: Share = WHOLE, /) -> Iterator[Batch]: ...


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run.

    Attributes:
        train_from: `train_from(step)` yields the batches of steps `step`, `step + 1`, … without
            end; each is a pure function of the seed and its step, so that a resumed run gets the
            batches of an uninterrupted one. With a share, it makes only that part of each batch.
        validation: batches that select the best weights.
        test: opened when iterated; only `eval` uses them.
        facts: data facts that determine the model.
        sizes: number of examples in each split by its name.
        digest: identifies the training data: the same data gives the same digest.
        chosen: training options that were left unset and that the data determines, by name.
        test_split: the split that `test` is: "validation" if the data has no test split.
        example: an input of the validation split, as `predict` takes it; "" if none can be typed.
        opened: the data set behind the batches, for measures of what no batch contains, such as the text itself; None
            if there is no such measure.
    """

    train_from: TrainFrom
    validation: HeldOutBatches
    test: HeldOutBatches
    facts: Facts
    sizes: Mapping[str, int]
    digest: str
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    example: str = ""
    test_split: str = "test"
    opened: Any = None
