"""The few types that every layer shares."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import jax
    import numpy as np

Batch = Mapping[str, "np.ndarray | jax.Array"]


class Facts(BaseModel):
    """What the data told the model; saved beside the checkpoint, so that sampling needs no data."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_SHORT = 60  # characters of an example that a hint repeats


@dataclasses.dataclass(frozen=True)
class Data:
    """What a learner reads.

    Attributes:
        train_from: `train_from(step)` yields the batches of steps `step`, `step + 1`, … without
            end; each is a pure function of the seed and its step, so a resumed run sees the
            batches it would have seen without the interruption.
        validation: batches to choose the best weights by; may be iterated again and again. All
            have the shapes of the first; a short last one is filled up and says so in `mask`.
        test: the same, touched by `eval` alone and opened when iterated.
        facts: what shapes the model.
        sizes: examples in each split, by its name.
        digest: identifies the training data: the same data gives the same digest.
        chosen: options of training that the data decided where they were left open, by name.
        test_split: the split that `test` holds: "validation" where the data has no test split.
        example: an input of the validation split, as `predict` takes it; empty: none that could be typed.
    """

    train_from: Callable[[int], Iterator[Batch]]
    validation: Iterable[Batch]
    test: Iterable[Batch]
    facts: Facts
    sizes: Mapping[str, int]
    digest: str
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    example: str = ""
    test_split: str = "test"


def shortened(example: str) -> str:
    """Return the first line of an input, cut after a word where it is long, as a hint can name it; a path whole."""
    line = next((line.strip() for line in example.splitlines() if line.strip()), "")
    if len(line) <= _SHORT or os.path.exists(line):
        return line
    return line[:_SHORT].rsplit(" ", 1)[0]
