"""Decoded splits on disk: one pass over the source, kept as arrays and a record until the source changes.

For each split, the folder `data` of the cache holds `SLOT.KEY.json` (the record), `SLOT.KEY.labels.npy` and, where
the set is small enough for memory, `SLOT.KEY.images.npy`. The record is written last and holds checksums, so that a
damaged or half-written entry is made anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import math
import zlib
from collections import Counter
from pathlib import Path
from typing import IO

import numpy as np
from pydantic import BaseModel, ConfigDict

from dlcli.data import cache
from dlcli.data.images.decoding import Chunk, chunks
from dlcli.data.images.source import Source, Unreadable
from dlcli.data.problems import Problem, mixed_sizes, no_examples, refuse, wrong_labels

FORMAT = 2  # goes up when the same source gives other arrays than before

log = logging.getLogger(__name__)


class Record(BaseModel):
    """What the pass found out, beside the arrays; the checksums are CRC-32 of the arrays' bytes.

    `bad` are the places of the examples that cannot be decoded, which the arrays leave out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    digest: str
    bad: tuple[int, ...]
    labels_checksum: int
    images_checksum: int | None


@dataclasses.dataclass(frozen=True)
class Decoded:
    """What a pass over a split gave; `images` is None where the set streams from its files.

    `bad` are the places of the examples that cannot be decoded, which the arrays leave out.
    """

    image: tuple[int, int, int]
    labels: np.ndarray
    images: np.ndarray | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    digest: str
    bad: tuple[int, ...]


class Entry:
    """The files that the cache holds for a split."""

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
        """Name the files for the split `name` of `dataset`.

        They hold the images if one takes `largest` bytes or fewer. All must be of `shape`, or alike without it; and
        all must be readable unless `skip_bad` leaves the others out.
        """
        self.dataset, self.name, self.source = dataset, name, source
        self.classes, self.largest, self.shape, self.skip_bad = classes, largest, shape, skip_bad
        self.stem = cache.Stem(source.slot, f"{FORMAT}\n{shape}\n{classes}\n{source.identity}")

    def load(self) -> Decoded | None:
        """Return what the cache holds, or None where something is missing or damaged."""
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
        """Go through the source once, write the entry, and return it.

        Raises:
            Malformed: examples cannot be decoded, differ in size, or have labels that name no class.
            DiskError: the cache cannot be written.
        """
        refuse(self.dataset, no_examples(self.name, len(self.source)))
        log.info("decoding %d %s images of %s", len(self.source), self.name, self.dataset)
        self.stem.clear()
        shape = self.shape or _first_shape(self.source)
        try:
            survey = self._survey(shape)
        except _ColourAfterGray:
            survey = self._survey((*shape[:2], 3))
        labels = np.array(survey.labels, dtype=np.int32)
        with cache.replacing(self.stem.path("labels.npy")) as file:
            np.save(file, labels)
        record = survey.record(labels)
        with cache.replacing(self.stem.path("json")) as file:
            file.write(cache.seal(record.model_dump_json().encode()))
        with cache.kept():
            images = _map(self.stem.path("images.npy")) if survey.kept else None
        return _decoded(record, labels, images)

    def _survey(self, shape: tuple[int, int, int]) -> _Survey:
        survey = _Survey(shape, kept=self._fits(shape), may_turn_colour=self.shape is None)
        with cache.replacing(self.stem.path("images.npy")) if survey.kept else contextlib.nullcontext() as file:
            if file:
                _write_header(file, (len(self.source), *shape))
            for chunk in chunks(self.name, self.source, shape):
                survey.add(chunk, file)
            problems = survey.problems(self.name, self.classes, self.shape)
            refuse(self.dataset, [each for each in problems if not (self.skip_bad and each.skippable)])
            refuse(self.dataset, no_examples(self.name, len(survey.labels)))
            if file and survey.bad:
                file.seek(0)
                _write_header(file, (len(survey.labels), *shape))  # numpy makes both of one length
        return survey

    def _fits(self, image: tuple[int, ...]) -> bool:
        return math.prod(image) <= self.largest


class _ColourAfterGray(Exception):
    """The first image is gray and a later one is not, so that all must be decoded as colour."""


class _Survey:
    """Sums over the chunks of a pass."""

    def __init__(self, shape: tuple[int, int, int], *, kept: bool, may_turn_colour: bool):
        self.shape, self.kept, self.may_turn_colour = shape, kept, may_turn_colour
        self.labels: list[int] = []
        self.bad: list[int] = []
        self.undecodable: list[Problem] = []
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.histogram = np.zeros([shape[-1], 256], dtype=np.int64)
        self.digest = hashlib.sha256(repr(shape).encode())
        self.checksum = 0

    def add(self, chunk: Chunk, file: IO[bytes] | None) -> None:
        if chunk.coloured and self.may_turn_colour and self.shape[-1] == 1:
            raise _ColourAfterGray
        self.labels += chunk.labels
        self.bad += chunk.bad
        self.undecodable += chunk.problems
        self.sizes += chunk.sizes
        if not chunk.images:
            return
        images = np.ascontiguousarray(np.stack(chunk.images))
        for channel, counts in enumerate(self.histogram):
            counts += np.bincount(images[..., channel].ravel(), minlength=256)
        self.digest.update(images)
        if file:
            self.checksum = zlib.crc32(images, self.checksum)
            file.write(images)

    def problems(self, split: str, classes: int, wanted: tuple[int, ...] | None) -> list[Problem]:
        labels = wrong_labels(split, np.array(self.labels, dtype=np.int64), classes)
        return self.undecodable + mixed_sizes(split, self.sizes, wanted) + labels

    def record(self, labels: np.ndarray) -> Record:
        self.digest.update(labels)
        mean, deviation = zip(*[_moments(counts.tolist()) for counts in self.histogram], strict=True)
        return Record(
            image=self.shape,
            mean=mean,
            deviation=deviation,
            digest=self.digest.hexdigest(),
            bad=tuple(self.bad),
            labels_checksum=zlib.crc32(labels),
            images_checksum=self.checksum if self.kept else None,
        )


def _moments(counts: list[int]) -> tuple[float, float]:
    """Return mean and deviation of pixels in [0, 1]; in whole numbers, so that nothing depends on the order."""
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
    return (1, 1, 1)  # all are unreadable, which the pass reports


def _decoded(record: Record, labels: np.ndarray, images: np.ndarray | None) -> Decoded:
    return Decoded(record.image, labels, images, record.mean, record.deviation, record.digest, record.bad)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def _array(path: Path, checksum: int | None) -> np.ndarray:
    """Map an array from its file; raise ValueError where its bytes are not those that were written."""
    array = _map(path)
    if zlib.crc32(array) != checksum:
        raise ValueError(f"{path} is damaged")
    return array
