"""Image sets that are folders of image files: `folder:PATH`.

PATH holds a folder for each class with its images, or `train` and perhaps `validation` (or `valid`, `val`) and `test`
with such folders in them. Hidden files are passed over; any other file must be an image that pillow can read. Colour
and gray may be mixed: the set is colour if one training image is.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data import splits
from dlcli.data.examples import Example, Unreadable
from dlcli.data.findings import Finding, Malformed
from dlcli.data.pixels import load
from dlcli.data.sets import ImageSet
from dlcli.errors import DatasetError

_ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val"), "test": ("test",)}
_BY_SYSTEMS = {"thumbs.db", "desktop.ini"}  # files that desktops leave in folders of pictures


class Files:
    """The image files of one split."""

    def __init__(self, slot: str, root: Path, names: Sequence[str], classes: Sequence[str], image_size: int | None):
        """Take the files `names`, each "class/file" below `root`, as they are or scaled to `image_size`."""
        self.slot = f"{slot}-{image_size or 'own'}"
        self.root, self.names, self.classes = root, names, classes
        label = {name: number for number, name in enumerate(classes)}
        self.labels = [label[name.partition("/")[0]] for name in names]
        self.size = (image_size, image_size) if image_size else None

    @functools.cached_property
    def identity(self) -> str:
        """The names, sizes and times of change of all files; asked for late, as each takes a call to the disk."""
        return "\n".join([str(self.size), repr(self.classes), *map(self._state, self.names)])

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
            return load(f"{self.root}/{self.names[index]}", self.size), self.labels[index]
        except Unreadable as error:
            return error


def find(path: Path, image_size: int | None, memory_limit: int) -> tuple[ImageSet, list[Finding]]:
    """List the folder and divide its files; none is opened.

    Returns:
        The set, and what is wrong with its layout.

    Raises:
        DatasetError: the folder is missing or holds no classes.
    """
    if not path.is_dir():
        raise DatasetError(f"{path} must be a folder of images, and {'is a file' if path.exists() else 'is missing'}")
    roots = {split: root for split, aliases in _ALIASES.items() if (root := _first_folder(path, aliases))}
    if "train" not in roots:
        roots = {"train": path}
    listing = _Listing()
    found = {split: listing.classes(split, root) for split, root in roots.items()}
    classes = sorted(found["train"])
    if not classes:
        none = Finding("layout", "", str(path), f"{roots['train']} must hold a folder for each class, and holds none")
        raise Malformed(f"folder:{path}", [*listing.findings, none])
    findings = listing.findings + _differences(found)
    whole = path.resolve()
    slot = f"folder-{whole.name}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]}"
    sources = {
        split: Files(f"{slot}-{split}", roots.get(split, roots["train"]), names, classes, image_size)
        for split, names in _divide(found, classes).items()
    }
    return ImageSet.of(f"folder:{path}", classes, sources, memory_limit), findings


def _first_folder(path: Path, names: Sequence[str]) -> Path | None:
    return next((path / name for name in names if (path / name).is_dir()), None)


class _Listing:
    """Lists the files of classes, and collects what is out of place."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def classes(self, split: str, root: Path) -> dict[str, list[str]]:
        """Return the names of each class's files below a split's folder, "class/file" in order."""
        return {
            name: [f"{name}/{file}" for file in self._names(split, root / name, folders=False)]
            for name in self._names(split, root, folders=True)
        }

    def _names(self, split: str, path: Path, *, folders: bool) -> list[str]:
        names = []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in _BY_SYSTEMS:
                    continue
                if problem := _problem(entry, folders):
                    where = ascii(entry.path)[1:-1]
                    self.findings.append(Finding("layout", split, where, f"{where} {problem}"))
                else:
                    names.append(entry.name)
        return sorted(names)


def _problem(entry: os.DirEntry[str], folders: bool) -> str:
    if entry.is_dir() != folders:
        return f"is {'a file beside the folders of classes' if folders else 'a folder within a class'}: move it away"
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8: rename it"
    return ""


def _differences(found: Mapping[str, Mapping[str, object]]) -> list[Finding]:
    """Find the classes that are not in every split."""
    everywhere = set().union(*found.values())
    return [
        Finding("classes", split, name, f"class {name!r} is missing in {split}: all splits must have the same classes")
        for split, classes in found.items()
        for name in sorted(everywhere - set(classes))
    ]


def _divide(found: Mapping[str, Mapping[str, list[str]]], classes: Sequence[str]) -> dict[str, list[str]]:
    """Take the splits that are missing off the training files; a split's files are in the order of their classes."""
    count = sum(map(len, found["train"].values()))
    divided: dict[str, list[str]] = {split: [] for split in _ALIASES}
    for name in classes:
        for split, names in splits.named(found["train"][name], found, of=count).items():
            divided[split] += names
        for split in set(found) - {"train"}:
            divided[split] += found[split].get(name, [])
    return divided
