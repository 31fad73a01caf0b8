"""Batches of images in the order of training, and of held-out splits in their own order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from dlcli.data.held_out import Arrays, HeldOut, filled
from dlcli.data.images.scan import THREADS
from dlcli.data.images.sets import Split
from dlcli.data.order import STEPS, Order
from dlcli.interface import WHOLE, Batch, Share

# Bytes of images that one thread decodes at a time: large batches are divided, so that the first batch does not wait
# for a single thread and the buffer stays small.
PIECE = 2**22
AHEAD = 8  # pieces decoded in advance, because disk latency varies


def train_from(split: Split, batch_size: int, seed: int, step: int, share: Share = WHOLE) -> Iterator[Batch]:
    """Yield the batches of steps `step`, `step + 1`, … without end.

    They contain `image`, uint8 [batch, height, width, channel], `label`, int32 [batch], and `parity`, int32 [batch], a
    random bit of the example that changes with each epoch. Only the share of each is decoded.
    """
    order = Order(len(split), batch_size, seed)
    numbers = range(step, STEPS)

    def at(number: int) -> np.ndarray:
        rows: np.ndarray = share.of(order.at(number))
        return rows

    for number, images in zip(numbers, _images(split, at, numbers, batch_size // share.count), strict=True):
        yield {"image": images, "label": split.labels[at(number)], "parity": share.of(order.parity(number))}


def held_out(split: Split, batch_size: int) -> HeldOut:
    """Return the batches of a held-out split; they contain `image` and `label` as in training, and `mask`."""

    def read(examples: int, share: Share) -> Iterator[Arrays]:
        parts = filled(len(split), batch_size, examples, share)
        images = _images(split, lambda number: parts[number][0], range(len(parts)), batch_size // share.count)
        for (indices, mask), decoded in zip(parts, images, strict=True):
            yield {"image": decoded, "label": split.labels[indices], "mask": mask}

    return HeldOut(read, batch_size)


def _images(split: Split, at: Callable[[int], np.ndarray], numbers: range, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the images `at` each of the numbers; a split that streams is decoded in advance on other threads."""
    if split.resident:
        return (split.images(at(number)) for number in numbers)
    return _streamed(split, at, numbers, -(-batch_size * math.prod(split.image) // PIECE))


def _streamed(split: Split, at: Callable[[int], np.ndarray], numbers: range, pieces: int) -> Iterator[np.ndarray]:
    # Importing grain takes seconds, which sets in memory need not wait for.
    import grain

    source = _Pieces(split, at, numbers, pieces)
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=max(AHEAD, 2 * THREADS))
    decoded = iter(grain.MapDataset.source(source).to_iter_dataset(options))
    for batch in iter(lambda: list(itertools.islice(decoded, pieces)), []):
        yield batch[0] if pieces == 1 else np.concatenate(batch)


class _Pieces:
    """The images of all batches as a source for grain, each batch divided into the same number of pieces."""

    def __init__(self, split: Split, at: Callable[[int], np.ndarray], numbers: range, pieces: int):
        self.split, self.at, self.numbers, self.pieces = split, at, numbers, pieces

    def __len__(self) -> int:
        return len(self.numbers) * self.pieces

    def __getitem__(self, index: int) -> np.ndarray:
        number, piece = divmod(index, self.pieces)
        indices = self.at(self.numbers[number])
        return self.split.images(np.array_split(indices, self.pieces)[piece])
