"""Batches of a held-out split, of images, text, pairs or words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np

from dlcli.interface import WHOLE, Share

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

    def __init__(
        self, read: Callable[[int, Share], Iterable[Arrays]], batch_size: int, examples: int = 0, share: Share = WHOLE
    ):
        """Create the batches; nothing is read before the first iteration.

        Args:
            read: maps the number of examples, 0 for all, to a share of each of their batches; called for each
                iteration.
            batch_size: examples per batch.
            examples: number of examples to read; 0: all.
            share: the part of each batch to read.
        """
        self.read, self.batch_size, self.examples, self.share = read, batch_size, examples, share

    @classmethod
    def of(cls, open_examples: Callable[[], Examples], batch_size: int) -> HeldOut:
        """Return the batches of examples, which are opened when the batches are iterated."""

        def read(count: int, share: Share) -> Iterator[Arrays]:
            examples = open_examples()
            for indices, mask in filled(len(examples), batch_size, count, share):
                yield {**examples.at(indices), "mask": mask}

        return cls(read, batch_size)

    @classmethod
    def whole(cls, read: Callable[[int], Iterable[Arrays]], batch_size: int) -> HeldOut:
        """Return full batches that contain `mask`, such as one value per token; a share is cut from the whole batch."""
        return cls(lambda examples, share: map(share.cut, read(examples)), batch_size)

    def part(self, examples: int) -> HeldOut:
        """Return the batches of this many examples, evenly spread over the split; 0 or more than there are: of all."""
        return HeldOut(self.read, self.batch_size, examples, self.share)

    def shared(self, share: Share) -> HeldOut:
        """Return a share of each batch."""
        return HeldOut(self.read, self.batch_size, self.examples, share)

    def __iter__(self) -> Iterator[Arrays]:
        return iter(self.read(self.examples, self.share))


def filled(count: int, batch_size: int, examples: int = 0, share: Share = WHOLE) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return indices and mask of a share of each batch, int64 and float32 [example].

    The last batch is filled with the index of its last example, with mask 0.

    Args:
        count: number of examples in the split.
        batch_size: examples per batch.
        examples: number of examples to choose, as in `spread`.
        share: the part of each batch.
    """
    places: np.ndarray = share.of(np.arange(batch_size))
    parts = in_order(count, batch_size, examples)
    return [(part[np.minimum(places, len(part) - 1)], (places < len(part)).astype(np.float32)) for part in parts]


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
