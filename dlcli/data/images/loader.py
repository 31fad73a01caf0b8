"""Batches of images in the order of training, and of held-out splits in their own order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from dlcli.data.images.scan import THREADS
from dlcli.data.images.sets import Split
from dlcli.data.order import STEPS, Order
from dlcli.interface import Batch

# Bytes of images that one thread decodes at a time: large batches are divided, so that the first batch does not wait
# for a single thread and the buffer stays small.
PIECE = 2**22
AHEAD = 8  # pieces decoded in advance, because disk latency varies


def train_from(split: Split, batch_size: int, seed: int, step: int) -> Iterator[Batch]:
    """Yield the batches of steps `step`, `step + 1`, … without end.

    They contain `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch].
    """
    order = Order(len(split), batch_size, seed)
    numbers = range(step, STEPS)
    for number, images in zip(numbers, _images(split, order.at, numbers, batch_size), strict=True):
        yield {"image": images, "label": split.labels[order.at(number)]}


class HeldOut:
    """The batches of a held-out split, in the set's own order, as often as it is iterated.

    All are of one shape; `mask` float32 [batch] says 1 for an example and 0 for the zeros that fill up the last.
    """

    def __init__(self, split: Split, batch_size: int):
        self.split, self.batch_size = split, batch_size

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        numbers = range(len(self))
        for number, images in zip(numbers, _images(self.split, self._at, numbers, self.batch_size), strict=True):
            labels = self.split.labels[self._at(number)]
            mask = np.ones(len(labels), dtype=np.float32)
            yield {"image": self._fill(images), "label": self._fill(labels), "mask": self._fill(mask)}

    def _at(self, number: int) -> np.ndarray:
        start = number * self.batch_size
        return np.arange(start, min(start + self.batch_size, len(self.split)))

    def _fill(self, array: np.ndarray) -> np.ndarray:
        return np.pad(array, [(0, self.batch_size - len(array))] + [(0, 0)] * (array.ndim - 1))


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
