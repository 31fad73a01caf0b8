"""Batches of a held-out split, of images, text, pairs or words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np

Arrays = Mapping[str, np.ndarray]


class Examples(Protocol):
    """Examples that can be read by their index."""

    def __len__(self) -> int: ...

    def at(self, indices: np.ndarray) -> Arrays:
        """Return the examples at the indices, int64 [example], as one batch."""


class HeldOut:
    """The batches of a held-out split in the order of the split.

    All batches have the same shape, and each iteration yields the same batches. `mask`, float32 [batch], is 1 for an
    example and 0 for the copies of the last example that fill the last batch. A model can read a copy without special
    care: it contains at least one token to attend to.
    """

    def __init__(self, read: Callable[[int], Iterable[Arrays]], batch_size: int, examples: int = 0):
        """Create the batches; nothing is read before the first iteration.

        Args:
            read: maps the number of examples, 0 for all, to their batches; called for each iteration. The last batch
                may be short. A batch that contains `mask`, for example one value per token, must be full.
            batch_size: examples per batch.
            examples: number of examples to read; 0: all.
        """
        self.read, self.batch_size, self.examples = read, batch_size, examples

    @classmethod
    def of(cls, open_examples: Callable[[], Examples], batch_size: int) -> HeldOut:
        """Return the batches of examples, which are opened when the batches are iterated."""

        def read(count: int) -> Iterator[Arrays]:
            examples = open_examples()
            return (examples.at(indices) for indices in in_order(len(examples), batch_size, count))

        return cls(read, batch_size)

    def part(self, examples: int) -> HeldOut:
        """Return the batches of this many examples, evenly spread over the split; 0 or more than there are: of all."""
        return HeldOut(self.read, self.batch_size, examples)

    def __iter__(self) -> Iterator[Arrays]:
        for batch in self.read(self.examples):
            yield batch if "mask" in batch else self._filled(batch)

    def _filled(self, batch: Arrays) -> Arrays:
        count = len(next(iter(batch.values())))
        indices = np.arange(self.batch_size)
        if count < self.batch_size:
            batch = {name: array[np.minimum(indices, count - 1)] for name, array in batch.items()}
        return {**batch, "mask": (indices < count).astype(np.float32)}


def in_order(count: int, batch_size: int, examples: int = 0) -> list[np.ndarray]:
    """Return the indices of the examples in each batch, int64 [example]; the last batch may be short.

    Args:
        count: number of examples in the split.
        batch_size: examples per batch.
        examples: number of examples to choose, as in `spread`.
    """
    chosen = spread(count, examples)
    return [chosen[start : start + batch_size] for start in range(0, len(chosen), batch_size)]


def spread(count: int, examples: int) -> np.ndarray:
    """Return `examples` of the indices below `count`, evenly spread, int64 [example]; all if 0 or more than `count`."""
    if not 0 < examples < count:
        return np.arange(count)
    return np.arange(examples) * count // examples
