"""Splits and classes of a folder of images.

- `train`, `validation` (or `valid`, `val`, `dev`) and `test`, in any case, are splits if they contain folders of images
  or if there are no other folders. Otherwise they are classes: all three of `bus`, `car` and `train`.
- The folders of a split are its classes. Images next to them have no class and are skipped, unless fewer than two
  folders contain images: then there are no classes, and all images below the split are its examples.
- Images in folders within a class have that class; a classifier refuses them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from dlcli.data.images import files
from dlcli.data.images.files import Listing
from dlcli.data.problems import Problem
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError

UNLABELLED = "unlabelled"  # name of the only class of images without classes


@dataclasses.dataclass
class Layout:
    """The content of a folder of images.

    Attributes:
        roots: folder of each split that the set has.
        classes: names of the classes, in alphabetical order.
        splits: paths of the files of each class in each split, relative to the split's folder.
        problems: problems and notes.
    """

    roots: Mapping[str, Path]
    classes: list[str]
    splits: dict[str, dict[str, list[str]]]
    problems: list[Problem]


def read(path: Path) -> Layout:
    """List a folder of images.

    Raises:
        DatasetError: the folder cannot be read, or has splits but none for training.
    """
    problems: list[Problem] = []
    roots = _roots(path, problems)
    beside = {root.name for root in roots.values() if root.parent == path and roots["train"] == path}
    listed = {split: _Root(split, root, beside if root == path else set()) for split, root in roots.items()}
    labelled = listed["train"].labelled
    found = {split: root.by_class(problems, labelled=labelled) for split, root in listed.items()}
    classes = sorted(found["train"])
    if labelled:
        problems += _missing_classes(found)
    return Layout(roots, classes, found, problems)


def _roots(path: Path, problems: list[Problem]) -> dict[str, Path]:
    """Return the folder of each split; `train` is `path` itself if no folder is a split."""
    names = files.folders(path)
    named = {
        split: next((name for alias in aliases for name in names if name.lower() == alias), None)
        for split, aliases in ALIASES.items()
    }
    candidates = {split: name for split, name in named.items() if name}
    others = [name for name in names if name not in candidates.values()]
    taken = {split: path / name for split, name in candidates.items() if not others or _holds_folders(path / name)}
    for split, name in candidates.items():
        if split not in taken:
            message = (
                f"{path / name} is read as a class, not as the split {split}: "
                f"it contains no folders of images, and {', '.join(others[:3])} are next to it"
            )
            problems.append(Problem("splits", "", str(path / name), message, harmless=True))
    if taken and "train" not in taken:
        if not others:
            raise DatasetError(f"{path} must contain a folder `train` next to {', '.join(candidates.values())}")
        return {"train": path, **taken}
    if not taken:
        return {"train": path}
    left = [name for name in names if path / name not in taken.values()]
    for name in left:
        message = f"{path / name} is next to the splits {', '.join(taken)} and is skipped"
        problems.append(Problem("skipped", "", str(path / name), message, harmless=True))
    return taken


def _holds_folders(path: Path) -> bool:
    """Return whether a folder contains folders of images, and no images directly."""
    if files.files(path).images:
        return False
    return any(files.contains_image(path / name) for name in files.folders(path))


class _Root:
    """The folder of a split."""

    def __init__(self, split: str, path: Path, left_out: set[str]):
        """List the folder, except the folders `left_out`."""
        self.split, self.path = split, path
        self.loose = files.files(path)
        self.folders = {name: files.below(path / name) for name in files.folders(path)}
        for name in left_out:
            self.folders.pop(name, None)

    @property
    def labelled(self) -> bool:
        """Whether the folders are classes."""
        with_images = sum(bool(listing.images) for listing in self.folders.values())
        return with_images > 1 or (with_images == 1 and not self.loose.images)

    def by_class(self, problems: list[Problem], *, labelled: bool) -> dict[str, list[str]]:
        """Return the sorted paths of the files of each class, relative to the folder; add to the problems."""
        problems += self._skipped()
        if not labelled:
            names = [*self.loose.images, *(f"{name}/{file}" for name, file in self._below())]
            return {UNLABELLED: sorted(self._readable(names, problems))}
        for name in self.loose.images:
            problems.append(self._problem("no class", name, "is next to the class folders: it has no class"))
        found: dict[str, list[str]] = {}
        for name in self._readable(list(self.folders), problems):
            listing = self.folders[name]
            if not listing.images and listing.others:
                continue  # not a class; each file in it is a problem
            found[name] = self._readable([f"{name}/{file}" for file in listing.images], problems)
            problems += self._nested(name, listing)
        return found

    def _below(self) -> list[tuple[str, str]]:
        return [(name, file) for name, listing in self.folders.items() for file in listing.images]

    def _skipped(self) -> list[Problem]:
        within = (f"{name}/{file}" for name, listing in self.folders.items() for file in listing.others)
        return [self._problem("skipped", name, "is not an image: skipped") for name in (*self.loose.others, *within)]

    def _readable(self, names: list[str], problems: list[Problem]) -> list[str]:
        """Return the names that are valid Unicode; add a problem for each of the others."""
        valid = []
        for name in names:
            try:
                name.encode()
                valid.append(name)
            except UnicodeEncodeError:
                problems.append(
                    self._problem("layout", name, "has a name that is not UTF-8: rename it", harmless=False)
                )
        return valid

    def _nested(self, name: str, listing: Listing) -> list[Problem]:
        """Return a problem if there are folders within a class; if it has no other images, they may be the classes."""
        within = sorted({file.partition("/")[0] for file in listing.images if "/" in file})
        if not within:
            return []
        where = f"{self.path / name}/{within[0]}"
        message = f"{where} is a folder of images within the class {name!r}"
        if len(self.folders) == 1 and len(within) > 1 and all("/" in file for file in listing.images):
            message += f": if {', '.join(within[:3])} are the classes, use folder:{self.path / name}"
        else:
            message += ": a classifier needs the images of a class directly in its folder"
        return [Problem("nested", self.split, where, message, harmless=True)]

    def _problem(self, kind: str, name: str, message: str, *, harmless: bool = True) -> Problem:
        where = ascii(f"{self.path}/{name}")[1:-1]
        return Problem(kind, self.split, where, f"{where} {message}", harmless=harmless)


def _missing_classes(found: Mapping[str, Mapping[str, list[str]]]) -> list[Problem]:
    """Return the classes that a split lacks, or has no images of."""
    all_classes = set().union(*found.values())
    return [
        Problem("classes", split, name, f"class {name!r} {verb} {split}: all splits must have the same classes")
        for split, classes in found.items()
        for name in sorted(all_classes)
        if (verb := _absence(split, classes, name))
    ]


def _absence(split: str, classes: Mapping[str, list[str]], name: str) -> str:
    if name not in classes:
        return "is missing from"
    return "has no images in" if split != "train" and not classes[name] else ""
