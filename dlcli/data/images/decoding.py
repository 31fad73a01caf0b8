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

from dlcli.data.images.pixels import conform
from dlcli.data.images.source import Source, Unreadable
from dlcli.data.problems import Problem

# pillow releases the interpreter's lock while it decodes, so threads do; the lock bounds how many are of use.
THREADS = min(16, os.cpu_count() or 1)


@dataclasses.dataclass
class Chunk:
    """Some examples that follow each other.

    Attributes:
        indices: of the readable examples.
        images: uint8 [height, width, channel] of each readable example of the expected size, where one is expected.
        digests: of the pixels of each readable example, where no size is expected.
        labels: class of each readable example.
        sizes: how many there are of each height and width.
        coloured: whether one has more channels than expected.
        bad: of the examples that cannot be decoded.
        problems: of these examples.
    """

    indices: list[int] = dataclasses.field(default_factory=list)
    images: list[np.ndarray] = dataclasses.field(default_factory=list)
    digests: list[bytes] = dataclasses.field(default_factory=list)
    labels: list[int] = dataclasses.field(default_factory=list)
    sizes: Counter[tuple[int, int]] = dataclasses.field(default_factory=Counter)
    coloured: bool = False
    bad: list[int] = dataclasses.field(default_factory=list)
    problems: list[Problem] = dataclasses.field(default_factory=list)


def chunks(name: str, source: Source, shape: tuple[int, int, int] | None) -> Iterator[Chunk]:
    """Decode the examples of split `name` in order, on several threads.

    The images should have height, width and channels of `shape`; without it each is as it is, and not kept.
    """
    size = max(1, min(256, 2**24 // math.prod(shape))) if shape else 16
    starts = iter(range(0, len(source), size))
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[Chunk]] = deque()
        while True:
            # A bounded window, because the consumer may be slower than the decoders.
            while len(waiting) < 2 * THREADS and (start := next(starts, None)) is not None:
                indices = range(start, min(start + size, len(source)))
                waiting.append(pool.submit(_chunk, name, source, indices, shape))
            if not waiting:
                return
            yield waiting.popleft().result()


def _chunk(name: str, source: Source, indices: range, shape: tuple[int, int, int] | None) -> Chunk:
    chunk = Chunk()
    for index, example in zip(indices, source.examples(indices), strict=True):
        if isinstance(example, Unreadable):
            where = source.where(index)
            chunk.bad.append(index)
            chunk.problems.append(Problem(example.kind, name, where, f"{where}: {example}", skippable=True))
            continue
        image, label = example
        chunk.sizes[image.shape[:2]] += 1
        chunk.indices.append(index)
        chunk.labels.append(label)
        if shape is None:
            chunk.digests.append(_digest(image))
        elif image.shape[:2] == shape[:2]:
            chunk.coloured |= image.shape[-1] > shape[-1]
            chunk.images.append(conform(image, shape[-1]))
    return chunk


def _digest(image: np.ndarray) -> bytes:
    # A gray picture equals the same one saved as colour.
    coloured = conform(image, 3) if image.shape[-1] == 1 else image
    return hashlib.sha256(repr(coloured.shape).encode() + coloured.tobytes()).digest()
