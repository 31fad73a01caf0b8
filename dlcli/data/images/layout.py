"""Which folders of a folder of images are splits, which are classes, and what is out of place.

- `train`, `validation` (or `valid`, `val`) and `test`, in capitals or not, are splits if they hold folders of images,
  or if there are no other folders beside them. Else they are classes: of `bus`, `car` and `train`, all three.
- A split's folders are its classes. Images beside them belong to none and are skipped, unless fewer than two folders
  hold images: then there are no classes, and all images below the split are its examples.
- Images in folders within a class are of that class, for whom classes matter little; a classifier refuses them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from dlcli.data.images import files
from dlcli.data.images.files import Listing
from dlcli.data.problems import Problem
from dlcli.errors import DatasetError

SPLITS = {"train": ("train",), "validation": ("validation", "valid", "val"), "test": ("test",)}
UNLABELLED = "unlabelled"  # the one class of images that have none


@dataclasses.dataclass
class Layout:
    """What a folder of images holds.

    Attributes:
        roots: the folder of each split that the set has.
        classes: their names, in order.
        splits: the names of the files of each class in each split, below its root.
        problems: what is wrong, or worth knowing.
    """

    roots: Mapping[str, Path]
    classes: list[str]
    splits: dict[str, dict[str, list[str]]]
    problems: list[Problem]


def read(path: Path) -> Layout:
    """List a folder of images.

    Raises:
        DatasetError: it cannot be read, or has a split but none for training.
    """
    problems: list[Problem] = []
    roots = _roots(path, problems)
    beside = {root.name for root in roots.values() if root.parent == path and roots["train"] == path}
    listed = {split: _Root(split, root, beside if root == path else set()) for split, root in roots.items()}
    labelled = listed["train"].labelled
    found = {split: root.by_class(problems, labelled=labelled) for split, root in listed.items()}
    classes = sorted(found["train"])
    if labelled:
        problems += _differences(found)
    return Layout(roots, classes, found, problems)


def _roots(path: Path, problems: list[Problem]) -> dict[str, Path]:
    """Return the folder of each split that there is; `train` is the whole where no folder is."""
    names = files.folders(path)
    named = {
        split: next((name for alias in aliases for name in names if name.lower() == alias), None)
        for split, aliases in SPLITS.items()
    }
    candidates = {split: name for split, name in named.items() if name}
    others = [name for name in names if name not in candidates.values()]
    taken = {split: path / name for split, name in candidates.items() if not others or _holds_folders(path / name)}
    for split, name in candidates.items():
        if split not in taken:
            message = (
                f"{path / name} is read as a class, not as the split {split}: "
                f"it holds no folders of images, and {', '.join(others[:3])} lie beside it"
            )
            problems.append(Problem("splits", "", str(path / name), message, harmless=True))
    if taken and "train" not in taken:
        if not others:
            raise DatasetError(f"{path} must hold a folder `train` beside {', '.join(candidates.values())}")
        return {"train": path, **taken}
    if not taken:
        return {"train": path}
    left = [name for name in names if path / name not in taken.values()]
    for name in left:
        message = f"{path / name} lies beside the splits {', '.join(taken)} and is not read"
        problems.append(Problem("skipped", "", str(path / name), message, harmless=True))
    return taken


def _holds_folders(path: Path) -> bool:
    """Tell whether a folder holds folders of images, and no images itself."""
    if files.files(path).images:
        return False
    return any(files.holds_image(path / name) for name in files.folders(path))


class _Root:
    """The folder of a split."""

    def __init__(self, split: str, path: Path, left_out: set[str]):
        """List the folder, but for the folders `left_out`."""
        self.split, self.path = split, path
        self.loose = files.files(path)
        self.folders = {name: files.below(path / name) for name in files.folders(path)}
        for name in left_out:
            self.folders.pop(name, None)

    @property
    def labelled(self) -> bool:
        """Whether the folders are classes."""
        holding = sum(bool(listing.images) for listing in self.folders.values())
        return holding > 1 or (holding == 1 and not self.loose.images)

    def by_class(self, problems: list[Problem], *, labelled: bool) -> dict[str, list[str]]:
        """Return the names of each class's files below the folder, in order; add what is out of place."""
        self._note_strays(problems, labelled=labelled)
        if not labelled:
            names = [*self.loose.images, *(f"{name}/{file}" for name, file in self._below())]
            return {UNLABELLED: sorted(self._readable(names, problems))}
        for name in self.loose.images:
            problems.append(self._finding("no class", name, "lies beside the folders of classes: it has no class"))
        found: dict[str, list[str]] = {}
        for name in self._readable(list(self.folders), problems):
            listing = self.folders[name]
            if not listing.images and listing.strays:
                continue  # it is no class, and each file in it is a problem
            found[name] = self._readable([f"{name}/{file}" for file in listing.images], problems)
            problems += self._nested(name, listing)
        return found

    def _below(self) -> list[tuple[str, str]]:
        return [(name, file) for name, listing in self.folders.items() for file in listing.images]

    def _note_strays(self, problems: list[Problem], *, labelled: bool) -> None:
        names = [*self.loose.strays, *(f"{name}/{file}" for name, each in self.folders.items() for file in each.strays)]
        for name in names:
            problems.append(self._finding("skipped", name, "is no image: it is skipped"))

    def _readable(self, names: list[str], problems: list[Problem]) -> list[str]:
        """Return the names that can be written down; the others are a problem each."""
        kept = []
        for name in names:
            try:
                name.encode()
                kept.append(name)
            except UnicodeEncodeError:
                problems.append(
                    self._finding("layout", name, "has a name that is not UTF-8: rename it", harmless=False)
                )
        return kept

    def _nested(self, name: str, listing: Listing) -> list[Problem]:
        """Find a folder within a class; where a class has no images but those, its folders are classes perhaps."""
        within = sorted({file.partition("/")[0] for file in listing.images if "/" in file})
        if not within:
            return []
        place = f"{self.path / name}/{within[0]}"
        said = f"is a folder of images within the class {name!r}"
        if len(self.folders) == 1 and len(within) > 1 and all("/" in file for file in listing.images):
            said += f": if {', '.join(within[:3])} are the classes, give folder:{self.path / name}"
        else:
            said += ": a classifier needs all images of a class in its folder itself"
        return [Problem("nested", self.split, place, f"{place} {said}", harmless=True)]

    def _finding(self, kind: str, name: str, said: str, *, harmless: bool = True) -> Problem:
        where = ascii(f"{self.path}/{name}")[1:-1]
        return Problem(kind, self.split, where, f"{where} {said}", harmless=harmless)


def _differences(found: Mapping[str, Mapping[str, list[str]]]) -> list[Problem]:
    """Find the classes that are not in every split, or have no images in one that is not divided by us."""
    everywhere = set().union(*found.values())
    return [
        Problem("classes", split, name, f"class {name!r} {what} {split}: all splits must have the same classes")
        for split, classes in found.items()
        for name in sorted(everywhere)
        if (what := _lack(split, classes, name))
    ]


def _lack(split: str, classes: Mapping[str, list[str]], name: str) -> str:
    if name not in classes:
        return "is missing in"
    return "has no images in" if split != "train" and not classes[name] else ""
