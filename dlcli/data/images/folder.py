"""Image sets that are folders of image files: `folder:PATH`.

PATH holds a folder for each class with its images, or `train` and perhaps `validation` (or `valid`, `val`) and `test`
with such folders in them; images without such folders are a set without classes. `dlcli.data.images.files` says which
files are images, `dlcli.data.images.layout` which folders are splits and classes. Colour and gray may be mixed: the
set is colour if one training image is.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dlcli.data import splits
from dlcli.data.images import layout
from dlcli.data.images.pixels import Header, brightest, header, load
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Unreadable
from dlcli.data.problems import NAMED, Malformed, Problem
from dlcli.errors import DatasetError


class Files:
    """The image files of one split."""

    def __init__(self, slot: str, root: Path, names: Sequence[str], labels: Sequence[int], side: int | None):
        """Take the files `names` below `root` and the number of each one's class, as they are or scaled to `side`."""
        self.root, self.names, self.labels = root, names, labels
        self._slot, self.side, self.white = slot, side, None

    @property
    def slot(self) -> str:
        """A short name of the folder, the split and the size."""
        return f"{self._slot}-{self.side or 'own'}"

    @functools.cached_property
    def identity(self) -> str:
        """The names, sizes and times of change of all files; asked for late, as each takes a call to the disk."""
        size = (self.side, self.side) if self.side else None
        labels = hashlib.sha256(repr(list(self.labels)).encode()).hexdigest()
        return "\n".join([str(size), str(self.white), labels, *map(self._state, self.names)])

    def _state(self, name: str) -> str:
        try:
            status = os.stat(f"{self.root}/{name}")
        except OSError:
            return name  # such as a link to nowhere, which decoding reports
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
        try:
            return load(self.where(index), (self.side, self.side) if self.side else None, self.white), self.labels[
                index
            ]
        except Unreadable as error:
            return error

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the header of each file."""
        for index in range(len(self)):
            try:
                yield header(self.where(index))
            except Unreadable as error:
                yield error

    def brightest(self, index: int) -> float:
        """Return the highest value of a file of more than 8 bits a channel, 0 if it cannot be decoded."""
        try:
            return brightest(self.where(index))
        except Unreadable:
            return 0.0

    def fitted(self, side: int | None, white: float | None) -> Files:
        """Return the same files with `white` as white in deep ones, scaled to `side` if they have their own size."""
        fitted = copy.copy(self)
        fitted.__dict__.pop("identity", None)
        fitted.side, fitted.white = self.side or side, white
        return fitted


def find(path: Path, image_size: int | None, memory_limit: int) -> tuple[ImageSet, list[Problem]]:
    """List the folder, divide its files, and read the headers of the training images.

    Returns:
        The set, and what is wrong with its layout or worth knowing of it.

    Raises:
        DatasetError: the folder is missing or holds no images.
    """
    if not path.is_dir():
        there = "is a file" if path.exists() else "is missing"
        raise DatasetError(f"{path} must be a folder of images, and {there}")
    found = layout.read(path)
    if not any(found.splits["train"].values()):
        strays = [each.where for each in found.problems if each.kind == "skipped"]
        held = f"{len(strays):,} other files: {', '.join(strays[:NAMED])}" if strays else "neither"
        message = f"{found.roots['train']} must hold a folder of images for each class, or images, and holds {held}"
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
            image_size,
        )
        for split, by_class in _divide(found.splits, found.classes).items()
    }
    return ImageSet.of(f"folder:{path}", found.classes, sources, memory_limit), found.problems


def _divide(found: Mapping[str, Mapping[str, list[str]]], classes: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Take the splits that are missing off the training files; a split's files are in the order of their classes."""
    count = sum(map(len, found["train"].values()))
    divided: dict[str, dict[str, list[str]]] = {split: {} for split in layout.SPLITS}
    for name in classes:
        for split, names in splits.named(found["train"][name], found, of=count).items():
            divided[split][name] = names
        for split in set(found) - {"train"}:
            divided[split][name] = found[split].get(name, [])
    return divided
