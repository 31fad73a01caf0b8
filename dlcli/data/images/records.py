"""Encoded images inside larger files, such as archives and columns of tables, as image sets."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from dlcli.data import splits
from dlcli.data.images.builder import ReadOptions
from dlcli.data.images.decoding import Header, decode, header, maximum
from dlcli.data.images.folder_layout import UNLABELLED
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Unreadable
from dlcli.data.problems import Malformed, Problem
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError


class Reader(Protocol):
    """Random access to encoded images; called by several threads at once."""

    @property
    def identity(self) -> str:
        """Text that changes whenever an image may have changed."""

    def where(self, index: int) -> str:
        """Return a name of an image for messages."""

    def read(self, index: int) -> bytes:
        """Return an encoded image; raise `Unreadable` if it cannot be read."""


@dataclasses.dataclass(frozen=True)
class Labelled:
    """The images of one split.

    Attributes:
        reader: of the images.
        indices: of the images in the reader, in the order of the examples.
        labels: name of each image's class; None: there are no classes.
    """

    reader: Reader
    indices: Sequence[int]
    labels: Sequence[str] | None


class Records:
    """Some of a reader's images, as a source."""

    def __init__(self, slot: str, reader: Reader, indices: np.ndarray, labels: np.ndarray, side: int | None):
        """Describe the images without reading them.

        Args:
            slot: short name of the data set and the split.
            reader: of the images.
            indices: int64 [example], of the images in the reader.
            labels: int64 [example], class of each.
            side: height and width in pixels to which images are scaled; None keeps their size.
        """
        self._slot, self.reader, self.indices, self.labels, self.side = slot, reader, indices, labels, side
        self.white: float | None = None

    @property
    def slot(self) -> str:
        """Short name of the data set, the split and the size."""
        return f"{self._slot}-{self.side or 'own'}"

    @property
    def identity(self) -> str:
        """Identity of the reader, with the chosen images and their labels."""
        chosen = hashlib.sha256(self.indices.tobytes() + self.labels.tobytes()).hexdigest()
        return f"{self.reader.identity}\n{self.side}\n{self.white}\n{chosen}"

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, index: int) -> str:
        """Return the name of an image."""
        return self.reader.where(int(self.indices[index]))

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode images."""
        return [self._example(index) for index in indices]

    def _example(self, index: int) -> Example:
        size = (self.side, self.side) if self.side else None
        try:
            return decode(self._read(index), size, self.white), int(self.labels[index])
        except Unreadable as error:
            return error

    def _read(self, index: int) -> bytes:
        return self.reader.read(int(self.indices[index]))

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the header of each image."""
        for index in range(len(self)):
            try:
                yield header(self._read(index))
            except Unreadable as error:
                yield error

    def maximum(self, index: int) -> float:
        """Return the largest pixel value of an image with more than 8 bits per channel, 0 if it cannot be decoded."""
        try:
            return maximum(self._read(index))
        except Unreadable:
            return 0.0

    def scaled(self, side: int | None, white: float | None) -> Records:
        """Return the same images, scaled to `side` unless they have a size already, with `white` as white."""
        scaled = copy.copy(self)
        scaled.side, scaled.white = self.side or side, white
        return scaled


def image_set(
    dataset: str, found: Mapping[str, Labelled], options: ReadOptions, names: Sequence[str] | None = None
) -> tuple[ImageSet, list[Problem]]:
    """Return the image set of some splits; missing ones are divided off training by the numbers of the images.

    Args:
        dataset: name of the set.
        found: the images of `train`, and perhaps of other splits.
        options: how the set is read.
        names: of the classes, in the order of their labels; None: those of the training images in alphabetical order.

    Raises:
        DatasetError: there are no training images.
    """
    train = found.get("train")
    if train is None or not len(train.indices):
        raise DatasetError(f"{dataset} must contain training images, found none")
    labelled = train.labels is not None
    classes = list(names or sorted(set(train.labels or [UNLABELLED]), key=_natural)) if labelled else [UNLABELLED]
    problems = _unknown_classes(found, classes) if labelled else []
    if problems:
        raise Malformed(dataset, problems)
    numbers = {name: number for number, name in enumerate(classes)}
    slot = slot_of(Path(dataset))
    parts = {}
    for split in ALIASES:
        each = found.get(split, train)
        taken = _taken(split, found)
        labels = [numbers[name] for name in each.labels] if labelled and each.labels is not None else []
        chosen = np.array(labels, np.int64)[taken] if labels else np.zeros(len(taken), np.int64)
        indices = np.array(each.indices, np.int64)[taken]
        parts[split] = Records(f"{slot}-{split}", each.reader, indices, chosen, options.image_size)
    return ImageSet.of(dataset, classes, parts, options.memory_limit), []


def slot_of(path: Path) -> str:
    """Return a short name of a file or folder."""
    whole = path.expanduser().resolve()
    return f"{whole.name}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]}"


def state_of(path: Path) -> str:
    """Return a text that changes when a file is replaced or written to."""
    status = path.stat()
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def _taken(split: str, found: Mapping[str, Labelled]) -> np.ndarray:
    """Return the positions of a split's images, among those of the split or of training."""
    if split != "train" and split in found:
        return np.arange(len(found[split].indices))
    return splits.numbered(len(found["train"].indices), found)[split]


def _natural(name: str) -> tuple[bool, int, str]:
    """Return the key that sorts numbers by value, before texts."""
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)


def _unknown_classes(found: Mapping[str, Labelled], classes: Sequence[str]) -> list[Problem]:
    known = set(classes)
    return [
        Problem("classes", split, name, f"class {name!r} of {split} is missing from train")
        for split, each in found.items()
        for name in sorted(set(each.labels or ()) - known)
    ]
