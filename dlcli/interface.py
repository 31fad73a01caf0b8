"""The types that every layer shares: a batch, data facts, and the data of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
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


class Facts(BaseModel):
    """What the data set tells the model, such as image shape, classes or vocabulary.

    Facts are saved in the run folder, so that a trained model can be rebuilt without its data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run.

    Attributes:
        train_from: `train_from(step)` yields the batches of steps `step`, `step + 1`, … without
            end; each is a pure function of the seed and its step, so that a resumed run gets the
            batches of an uninterrupted one.
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

    train_from: Callable[[int], Iterator[Batch]]
    validation: HeldOutBatches
    test: HeldOutBatches
    facts: Facts
    sizes: Mapping[str, int]
    digest: str
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    example: str = ""
    test_split: str = "test"
    opened: Any = None
