"""Decoded splits on disk: the result of one pass over a source, valid until the source changes.

For each split, the folder `data` of the cache contains `SLOT.KEY.json` (the record), `SLOT.KEY.labels.npy` and, if the
set is small enough for memory, `SLOT.KEY.images.npy`. The record is written last and contains checksums, so that a
damaged or incomplete entry is detected and replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from pydantic import BaseModel, ConfigDict

from dlcli import activity
from dlcli.data import cache
from dlcli.data.images.scan import Chunk, Totals, chunks
from dlcli.data.images.source import Source, Unreadable
from dlcli.data.problems import no_examples, refuse

FORMAT = 3  # increases when the same source gives other arrays or another record


class Record(BaseModel):
    """The result of the pass without the arrays.

    Attributes:
        image: height, width and channels of every image.
        mean, std: of each channel, of pixels in [0, 1].
        digest: SHA-256 of the images, their shape and their labels.
        bad: indices of the examples that cannot be decoded, which the arrays leave out.
        labels_checksum, images_checksum: CRC-32 of the arrays.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    bad: tuple[int, ...]
    labels_checksum: int
    images_checksum: int | None


@dataclasses.dataclass(frozen=True)
class Decoded:
    """The result of a pass over a split; the attributes are those of `Record`, and the arrays.

    Attributes:
        labels: int32 [example].
        images: uint8 [example, height, width, channel]; None if the images are decoded at each access.
    """

    image: tuple[int, int, int]
    labels: np.ndarray
    images: np.ndarray | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    bad: tuple[int, ...]


class Entry:
    """The cache files of a split."""

    def __init__(
        self,
        dataset: str,
        name: str,
        source: Source,
        *,
        classes: int,
        largest: int,
        shape: tuple[int, int, int] | None,
        skip_bad: bool = False,
    ):
        """Name the files.

        Args:
            dataset: name of the set, for messages.
            name: of the split.
            source: of the images.
            classes: number of classes.
            largest: bytes of an image up to which the images are cached.
            shape: required height, width and channels; None requires the same shape for all.
            skip_bad: leave out examples that cannot be decoded instead of raising.
        """
        self.dataset, self.name, self.source = dataset, name, source
        self.classes, self.largest, self.shape, self.skip_bad = classes, largest, shape, skip_bad
        self.stem = cache.Stem(source.slot, f"{FORMAT}\n{shape}\n{classes}\n{source.identity}")

    def load(self) -> Decoded | None:
        """Return the cached result, or None if something is missing or damaged."""
        try:
            record = Record.model_validate_json(cache.unseal(self.stem.path("json").read_bytes()))
            labels = _array(self.stem.path("labels.npy"), record.labels_checksum)
            images = None
            if self._fits(record.image):
                images = _array(self.stem.path("images.npy"), record.images_checksum)
        except (OSError, ValueError, EOFError):
            return None
        if record.bad and not self.skip_bad:
            return None
        return _decoded(record, labels, images)

    def build(self) -> Decoded:
        """Decode the source once, write the entry, and return it.

        Raises:
            Malformed: examples cannot be decoded, differ in size, or have labels outside the classes.
            DiskError: the cache cannot be written.
        """
        refuse(self.dataset, no_examples(self.name, len(self.source)))
        with activity.logged(f"decoding {len(self.source)} {self.name} images of {self.dataset}"):
            self.stem.clear()
            shape = self.shape or _first_shape(self.source)
            try:
                statistics = self._decode(shape)
            except _ColourAfterGrayscale:
                statistics = self._decode((*shape[:2], 3))
        labels = np.array(statistics.labels, dtype=np.int32)
        with cache.replacing(self.stem.path("labels.npy")) as file:
            np.save(file, labels)
        record = statistics.record(labels)
        with cache.replacing(self.stem.path("json")) as file:
            file.write(cache.seal(record.model_dump_json().encode()))
        with cache.expecting_files():
            images = _map(self.stem.path("images.npy")) if self._fits(record.image) else None
        return _decoded(record, labels, images)

    def _decode(self, shape: tuple[int, int, int]) -> _Statistics:
        """Decode all images to this shape, and write them if they fit."""
        cached = self._fits(shape)
        with cache.replacing(self.stem.path("images.npy")) if cached else contextlib.nullcontext() as file:
            statistics = _Statistics(shape, file, fixed=self.shape is not None)
            if file:
                _write_header(file, (len(self.source), *shape))
            for chunk in chunks(self.name, self.source, shape):
                statistics.add(chunk)
            problems = statistics.problems(self.name, self.classes, self.shape)
            refuse(self.dataset, [each for each in problems if not (self.skip_bad and each.skippable)])
            refuse(self.dataset, no_examples(self.name, len(statistics.labels)))
            if file and statistics.bad:
                file.seek(0)
                _write_header(file, (len(statistics.labels), *shape))  # numpy pads both headers to the same length
        return statistics

    def _fits(self, image: tuple[int, ...]) -> bool:
        return math.prod(image) <= self.largest


class _ColourAfterGrayscale(Exception):
    """The first image is grayscale and a later one is not, so that all must be decoded in colour."""


class _Statistics(Totals):
    """The totals of a pass, with the statistics of the pixels."""

    def __init__(self, shape: tuple[int, int, int], file: IO[bytes] | None, *, fixed: bool):
        """Start with no examples.

        Args:
            shape: height, width and channels of the images.
            file: to which the images are written, if to any.
            fixed: whether the channels of the shape are required; otherwise colour after grayscale raises.
        """
        super().__init__()
        self.shape, self.file, self.fixed = shape, file, fixed
        self.histogram = np.zeros([shape[-1], 256], dtype=np.int64)
        self.digest = hashlib.sha256(repr(shape).encode())
        self.checksum = 0

    def add(self, chunk: Chunk) -> None:
        if chunk.coloured and not self.fixed and self.shape[-1] == 1:
            raise _ColourAfterGrayscale
        super().add(chunk)
        if not chunk.images:
            return
        images = np.ascontiguousarray(np.stack(chunk.images))
        for channel, counts in enumerate(self.histogram):
            counts += np.bincount(images[..., channel].ravel(), minlength=256)
        self.digest.update(images.data)
        if self.file:
            self.checksum = zlib.crc32(images.data, self.checksum)
            self.file.write(images.data)

    def record(self, labels: np.ndarray) -> Record:
        """Return the record of the pass."""
        self.digest.update(labels.data)
        mean, std = zip(*[_moments(counts.tolist()) for counts in self.histogram], strict=True)
        return Record(
            image=self.shape,
            mean=mean,
            std=std,
            digest=self.digest.hexdigest(),
            bad=tuple(self.bad),
            labels_checksum=zlib.crc32(labels.data),
            images_checksum=self.checksum if self.file else None,
        )


def _moments(counts: list[int]) -> tuple[float, float]:
    """Return mean and standard deviation of pixels in [0, 1]; integer sums do not depend on the order."""
    total = sum(counts)
    first = sum(value * count for value, count in enumerate(counts))
    second = sum(value * value * count for value, count in enumerate(counts))
    variance = (total * second - first * first) / (total * 255) ** 2
    return first / (total * 255), math.sqrt(variance) or 1.0


def _first_shape(source: Source) -> tuple[int, int, int]:
    for index in range(len(source)):
        [example] = source.examples([index])
        if not isinstance(example, Unreadable):
            return example[0].shape
    return 1, 1, 1  # all are unreadable, which the pass reports


def _decoded(record: Record, labels: np.ndarray, images: np.ndarray | None) -> Decoded:
    return Decoded(record.image, labels, images, record.mean, record.std, record.digest, record.bad)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def _array(path: Path, checksum: int | None) -> np.ndarray:
    """Memory-map an array; raise ValueError if its bytes are not those that were written."""
    array = _map(path)
    if zlib.crc32(array.data) != checksum:
        raise ValueError(f"{path} is damaged")
    return array
