"""A `.zip` file of class folders: `CLASS/IMAGE`, or `train/CLASS/IMAGE` with other splits beside it.

One folder around all others is ignored. Files of other kinds are skipped; nothing is extracted.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from PIL import Image

from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import LARGEST_FILE
from dlcli.data.images.files import formats
from dlcli.data.images.records import Labelled, image_set, state_of
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import Problem
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError
from dlcli.files import is_stray
from dlcli.paths import expand_user

Parts = tuple[str, ...]  # the folders and the name of a file


class Archive:
    """The images of a `.zip` file; a zip file that is open can be read by several threads."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except FileNotFoundError as error:
            raise DatasetError(f"{path} does not exist") from error
        except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
            raise DatasetError(f"{path} cannot be read as a zip file: {error}") from error
        self.entries = [each for each in self._file.infolist() if not each.is_dir()]

    @property
    def identity(self) -> str:
        """The state of the file."""
        return state_of(self.path)

    def where(self, index: int) -> str:
        """Return the path within the archive."""
        return f"{self.path}/{self.entries[index].filename}"

    def read(self, index: int) -> bytes:
        """Return the bytes of a file in the archive."""
        entry = self.entries[index]
        if entry.file_size > LARGEST_FILE:
            raise Unreadable(f"it must be at most {LARGEST_FILE >> 20} MiB, found more")
        try:
            return self._file.read(entry)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise Unreadable(str(error) or type(error).__name__) from error


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """List the archive and divide its images.

    Raises:
        DatasetError: it is no zip file, or has no images in class folders.
    """
    archive = Archive(expand_user(dataset))
    extensions = {extension for extension, name in Image.registered_extensions().items() if name in formats()}
    paths: dict[int, Parts] = {}
    problems = []
    for index, entry in enumerate(archive.entries):
        parts = PurePosixPath(entry.filename).parts
        if any(part.startswith(".") or is_stray(part) for part in parts):
            continue
        if PurePosixPath(entry.filename).suffix.lower() in extensions:
            paths[index] = parts
        else:
            where = archive.where(index)
            problems.append(Problem("skipped", "", where, f"{where} is not an image: skipped", harmless=True))
    found = {
        split: Labelled(archive, list(named), [parts[0] for parts in named.values()])
        for split, named in _by_split(_without_root(paths)).items()
    }
    if not found or any(len(parts) < 2 for parts in _without_root(paths).values()):
        raise DatasetError(f"{dataset} must contain one folder of images per class, found images in no folder or none")
    images, more = image_set(str(archive.path), found, options)
    return images, [*problems, *more]


def _without_root(paths: Mapping[int, Parts]) -> dict[int, Parts]:
    """Return the paths without a folder that is around all others."""
    found = dict(paths)
    while found and len({parts[0] for parts in found.values()}) == 1 and min(map(len, found.values())) > 2:
        if any(next(iter(found.values()))[0].lower() in aliases for aliases in ALIASES.values()):
            break
        found = {index: parts[1:] for index, parts in found.items()}
    return found


def _by_split(paths: Mapping[int, Parts]) -> dict[str, dict[int, Parts]]:
    """Return the paths of each split, from the class folder on; all are of training unless all folders are splits."""
    splits = {alias: split for split, aliases in ALIASES.items() for alias in aliases}
    tops: Sequence[str] = sorted({parts[0] for parts in paths.values()})
    if not tops or not all(top.lower() in splits for top in tops) or min(map(len, paths.values())) < 3:
        return {"train": dict(paths)} if paths else {}
    found: dict[str, dict[int, Parts]] = {}
    for index, parts in paths.items():
        found.setdefault(splits[parts[0].lower()], {})[index] = parts[1:]
    return found


BUILDER = Builder(form="a .zip of class folders", matches=lambda dataset: dataset.lower().endswith(".zip"), find=find)
