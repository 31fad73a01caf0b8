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

    def __init__(self, read: Callable[[], Iterable[Arrays]], batch_size: int):
        """Create the batches; nothing is read before the first iteration.

        Args:
            read: returns the batches of the split, called for each iteration. The last batch may be short. A batch
                that contains `mask`, for example one value per token, must be full.
            batch_size: examples per batch.
        """
        self.read, self.batch_size = read, batch_size

    @classmethod
    def of(cls, open_examples: Callable[[], Examples], batch_size: int) -> HeldOut:
        """Return the batches of examples, which are opened when the batches are iterated."""

        def read() -> Iterator[Arrays]:
            examples = open_examples()
            return (examples.at(indices) for indices in in_order(len(examples), batch_size))

        return cls(read, batch_size)

    def __iter__(self) -> Iterator[Arrays]:
        for batch in self.read():
            yield batch if "mask" in batch else self._filled(batch)

    def _filled(self, batch: Arrays) -> Arrays:
        count = len(next(iter(batch.values())))
        indices = np.arange(self.batch_size)
        if count < self.batch_size:
            batch = {name: array[np.minimum(indices, count - 1)] for name, array in batch.items()}
        return {**batch, "mask": (indices < count).astype(np.float32)}


def in_order(count: int, batch_size: int) -> list[np.ndarray]:
    """Return the indices of the examples in each batch, int64 [example]; the last batch may be short."""
    return [np.arange(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
