"""One pass over all examples of a source, in order, on several threads."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from dlcli.data.images.decoding import convert_channels
from dlcli.data.images.source import Source, Unreadable
from dlcli.data.problems import Problem, mixed_sizes, wrong_labels

# Threads are parallel because pillow releases the interpreter lock while it decodes; the lock limits their number.
THREADS = min(16, os.cpu_count() or 1)


@dataclasses.dataclass
class Chunk:
    """Consecutive examples.

    Attributes:
        indices: indices of the readable examples.
        images: uint8 [height, width, channel] of each readable example of the expected size, if a size is expected.
        digests: digest of the pixels of each readable example, if no size is expected.
        labels: class index of each readable example.
        sizes: number of examples of each height and width.
        coloured: whether an example has more channels than expected.
        bad: indices of the examples that cannot be decoded.
        problems: the problem of each of these.
    """

    indices: list[int] = dataclasses.field(default_factory=list)
    images: list[np.ndarray] = dataclasses.field(default_factory=list)
    digests: list[bytes] = dataclasses.field(default_factory=list)
    labels: list[int] = dataclasses.field(default_factory=list)
    sizes: Counter[tuple[int, int]] = dataclasses.field(default_factory=Counter)
    coloured: bool = False
    bad: list[int] = dataclasses.field(default_factory=list)
    problems: list[Problem] = dataclasses.field(default_factory=list)


class Totals:
    """What the chunks of a pass add up to.

    Attributes:
        labels: class index of each readable example.
        bad: indices of the examples that cannot be decoded.
        undecodable: the problem of each of these.
        sizes: number of examples of each height and width.
    """

    def __init__(self) -> None:
        self.labels: list[int] = []
        self.bad: list[int] = []
        self.undecodable: list[Problem] = []
        self.sizes: Counter[tuple[int, int]] = Counter()

    def add(self, chunk: Chunk) -> None:
        """Add a chunk."""
        self.labels += chunk.labels
        self.bad += chunk.bad
        self.undecodable += chunk.problems
        self.sizes += chunk.sizes

    def problems(self, split: str, classes: int, size: tuple[int, ...] | None) -> list[Problem]:
        """Return the problems of a split; images must have height and width `size`, or all the same without it."""
        labels = np.array(self.labels, np.int64)
        return self.undecodable + mixed_sizes(split, self.sizes, size) + wrong_labels(split, labels, classes)


def chunks(name: str, source: Source, shape: tuple[int, int, int] | None) -> Iterator[Chunk]:
    """Decode the examples of split `name` in order, on several threads.

    Args:
        name: of the split.
        source: of its examples.
        shape: expected height, width and channels; without it images keep their shape and only digests are returned.
    """
    size = max(1, min(256, 2**24 // math.prod(shape))) if shape else 16
    starts = iter(range(0, len(source), size))
    with ThreadPoolExecutor(THREADS) as pool:
        pending: deque[Future[Chunk]] = deque()
        while True:
            # The window is bounded because the consumer may be slower than the decoders.
            while len(pending) < 2 * THREADS and (start := next(starts, None)) is not None:
                indices = range(start, min(start + size, len(source)))
                pending.append(pool.submit(_chunk, name, source, indices, shape))
            if not pending:
                return
            yield pending.popleft().result()


def _chunk(name: str, source: Source, indices: range, shape: tuple[int, int, int] | None) -> Chunk:
    chunk = Chunk()
    for index, example in zip(indices, source.examples(indices), strict=True):
        if isinstance(example, Unreadable):
            where = source.where(index)
            chunk.bad.append(index)
            chunk.problems.append(Problem(example.kind, name, where, f"{where}: {example}", skippable=True))
            continue
        image, label = example
        height, width, channels = image.shape
        chunk.sizes[height, width] += 1
        chunk.indices.append(index)
        chunk.labels.append(label)
        if shape is None:
            chunk.digests.append(_digest(image))
        elif (height, width) == shape[:2]:
            chunk.coloured |= channels > shape[-1]
            chunk.images.append(convert_channels(image, shape[-1]))
    return chunk


def _digest(image: np.ndarray) -> bytes:
    # A grayscale image equals the same image saved in colour.
    coloured = convert_channels(image, 3) if image.shape[-1] == 1 else image
    return hashlib.sha256(repr(coloured.shape).encode() + coloured.tobytes()).digest()
