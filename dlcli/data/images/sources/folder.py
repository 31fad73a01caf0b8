"""Folders of image files: `folder:PATH`.

PATH contains one folder of images per class, or the folders `train` and optionally `validation` (or `valid`, `val`,
`dev`) and `test` with one folder per class in each; images without class folders form a set without classes.
`dlcli.data.images.files` decides which files are images, `dlcli.data.images.folder_layout` which folders are splits and
classes. Colour and grayscale may be mixed: the set is in colour if at least one training image is.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dlcli.data import splits
from dlcli.data.images import folder_layout
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import Header, header, load, maximum
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Unreadable
from dlcli.data.problems import NAMED, Malformed, Problem
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError
from dlcli.paths import expand_user


class Files:
    """The image files of one split."""

    def __init__(self, slot: str, root: Path, names: Sequence[str], labels: Sequence[int], side: int | None):
        """Describe the files without reading them.

        Args:
            slot: short name of the folder and the split.
            root: folder that contains the files.
            names: paths of the files relative to `root`.
            labels: class index of each file.
            side: height and width in pixels to which images are scaled; None keeps their size.
        """
        self.root, self.names, self.labels = root, names, labels
        self._slot, self.side = slot, side
        self.white: float | None = None

    @property
    def slot(self) -> str:
        """Short name of the folder, the split and the size."""
        return f"{self._slot}-{self.side or 'own'}"

    @functools.cached_property
    def identity(self) -> str:
        """Names, sizes and modification times of all files; computed lazily because each file needs a system call."""
        size = (self.side, self.side) if self.side else None
        labels = hashlib.sha256(repr(list(self.labels)).encode()).hexdigest()
        return "\n".join([str(size), str(self.white), labels, *map(self._state, self.names)])

    def _state(self, name: str) -> str:
        try:
            status = os.stat(f"{self.root}/{name}")
        except OSError:
            return name  # such as a broken link, which decoding reports
        return f"{name}\0{status.st_size}\0{status.st_mtime_ns}"

    def __len__(self) -> int:
        return len(self.names)

    def where(self, index: int) -> str:
        """Return the path of the file."""
        return f"{self.root}/{self.names[index]}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode the files."""
        return [self._example(index) for index in indices]

    def _example(self, index: int) -> Example:
        size = (self.side, self.side) if self.side else None
        try:
            return load(self.where(index), size, self.white), self.labels[index]
        except Unreadable as error:
            return error

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the header of each file."""
        for index in range(len(self)):
            try:
                yield header(self.where(index))
            except Unreadable as error:
                yield error

    def maximum(self, index: int) -> float:
        """Return the largest pixel value of an image with more than 8 bits per channel, 0 if it cannot be decoded."""
        try:
            return maximum(self.where(index))
        except Unreadable:
            return 0.0

    def scaled(self, side: int | None, white: float | None) -> Files:
        """Return the same files, scaled to `side` unless they have a size already.

        Args:
            side: height and width in pixels.
            white: pixel value that becomes 255 in images with more than 8 bits per channel.
        """
        scaled = copy.copy(self)
        scaled.__dict__.pop("identity", None)
        scaled.side, scaled.white = self.side or side, white
        return scaled


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """List the folder, divide its files into splits, and read the headers of the training images.

    Raises:
        DatasetError: the folder is missing or contains no images.
    """
    path = expand_user(dataset.removeprefix("folder:"))
    if not path.is_dir():
        raise DatasetError(
            f"{path} must be a folder of images, {'found a file' if path.exists() else 'and is missing'}"
        )
    found = folder_layout.read(path)
    if not any(found.splits["train"].values()):
        skipped = [each.where for each in found.problems if each.kind == "skipped"]
        content = f"{len(skipped):,} other files: {', '.join(skipped[:NAMED])}" if skipped else "neither"
        message = f"{found.roots['train']} must contain one folder of images per class, or images, found {content}"
        none = Problem("layout", "", str(path), message)
        raise Malformed(f"folder:{path}", [*[each for each in found.problems if not each.harmless], none])
    whole = path.resolve()
    slot = f"folder-{whole.name}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]}"
    number = {name: index for index, name in enumerate(found.classes)}
    sources = {
        split: Files(
            f"{slot}-{split}",
            found.roots.get(split, found.roots["train"]),
            [name for names in by_class.values() for name in names],
            [number[label] for label, names in by_class.items() for _ in names],
            options.image_size,
        )
        for split, by_class in _divide(found.splits, found.classes).items()
    }
    return ImageSet.of(f"folder:{path}", found.classes, sources, options.memory_limit), found.problems


def _divide(found: Mapping[str, Mapping[str, list[str]]], classes: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Take missing splits from the training files; the files of a split are in the order of their classes."""
    count = sum(map(len, found["train"].values()))
    divided: dict[str, dict[str, list[str]]] = {split: {} for split in ALIASES}
    for name in classes:
        for split, names in splits.named(found["train"][name], found, of=count).items():
            divided[split][name] = names
        for split in set(found) - {"train"}:
            divided[split][name] = found[split].get(name, [])
    return divided


BUILDER = Builder(form="folder:PATH", matches=lambda dataset: dataset.startswith("folder:"), find=find)
