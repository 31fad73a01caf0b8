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

    def __init__(self, read: Callable[[Share], Iterable[Arrays]], batch_size: int, share: Share = WHOLE):
        """Create the batches; nothing is read before the first iteration.

        Args:
            read: returns a share of each batch of the split, called for each iteration.
            batch_size: examples per batch.
            share: the part of each batch to read.
        """
        self.read, self.batch_size, self.share = read, batch_size, share

    @classmethod
    def of(cls, open_examples: Callable[[], Examples], batch_size: int) -> HeldOut:
        """Return the batches of examples, which are opened when the batches are iterated."""

        def read(share: Share) -> Iterator[Arrays]:
            examples = open_examples()
            for indices, mask in filled(len(examples), batch_size, share):
                yield {**examples.at(indices), "mask": mask}

        return cls(read, batch_size)

    @classmethod
    def whole(cls, read: Callable[[], Iterable[Arrays]], batch_size: int) -> HeldOut:
        """Return full batches that contain `mask`, such as one value per token; a share is cut from the whole batch."""
        return cls(lambda share: map(share.cut, read()), batch_size)

    def part(self, share: Share) -> HeldOut:
        """Return a share of each batch."""
        return HeldOut(self.read, self.batch_size, share)

    def __iter__(self) -> Iterator[Arrays]:
        return iter(self.read(self.share))


def filled(count: int, batch_size: int, share: Share = WHOLE) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return indices and mask of a share of each batch, int64 and float32 [example].

    The last batch is filled with the index of the last example, with mask 0.
    """
    places = [start + share.of(np.arange(batch_size)) for start in range(0, count, batch_size)]
    return [(np.minimum(each, count - 1), (each < count).astype(np.float32)) for each in places]


def in_order(count: int, batch_size: int) -> list[np.ndarray]:
    """Return the indices of the examples in each batch, int64 [example]; the last batch may be short."""
    return [np.arange(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
