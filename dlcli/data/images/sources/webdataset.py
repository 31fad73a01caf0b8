"""WebDataset shards: `.tar` files whose members `KEY.jpg` and `KEY.cls` (or `KEY.json` with `label`) are an example.

A name is one shard, a folder of shards, or numbered shards: `train-{000..012}.tar`. Shards whose names begin with
`train`, `validation` (or `valid`, `val`, `dev`) or `test` are those of a split, if all shards have such a name. The
index of a shard is made in one pass over the headers of its members; images are read where they are, nothing is
extracted.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import LARGEST_FILE
from dlcli.data.images.records import Labelled, image_set, state_of
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import Problem
from dlcli.data.shards import by_split
from dlcli.errors import DatasetError
from dlcli.paths import expand_user

_IMAGES = {"jpg", "jpeg", "png", "webp", "ppm", "bmp", "gif", "tif", "tiff"}
_LABELS = ("cls", "json")
_LARGEST_LABEL = 2**20  # bytes
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
_MOST_SHARDS = 100_000

Place = tuple[int, int, int]  # shard, offset and size in bytes


class Shards:
    """The images of some shards."""

    def __init__(self, paths: Sequence[Path]):
        self.paths = paths
        self.places: list[tuple[str, Place]] = []
        self._files: dict[int, int] = {}

    @property
    def identity(self) -> str:
        """The states of all shards."""
        return "\n".join(map(state_of, self.paths))

    def where(self, index: int) -> str:
        """Return the shard and the member."""
        name, (shard, _, _) = self.places[index]
        return f"{self.paths[shard]}/{name}"

    def read(self, index: int) -> bytes:
        """Return the bytes of an image."""
        _, place = self.places[index]
        if place[2] > LARGEST_FILE:
            raise Unreadable(f"it must be at most {LARGEST_FILE >> 20} MiB, found more")
        return self.bytes(place)

    def bytes(self, place: Place) -> bytes:
        """Return the bytes at a place."""
        shard, offset, size = place
        try:
            if shard not in self._files:
                self._files[shard] = os.open(self.paths[shard], os.O_RDONLY | os.O_CLOEXEC)
            found = os.pread(self._files[shard], size, offset)  # needs no lock, since it does not move the file
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error
        if len(found) < size:
            raise Unreadable("the shard is truncated")
        return found


def matches(dataset: str) -> bool:
    """Return whether a name is that of a shard, of several, or of a folder with shards only."""
    path = expand_user(dataset)
    if dataset.lower().endswith(".tar"):
        return True
    return path.is_dir() and any(path.glob("*.tar")) and not (path / "train").exists()


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Index the shards and divide their images.

    Raises:
        DatasetError: a shard cannot be read, or has no images.
    """
    found, problems = {}, []
    for split, paths in by_split(_paths(dataset)).items():
        found[split], skipped = _labelled(paths)
        problems += skipped
    images, more = image_set(dataset, found, options)
    return images, [*problems, *more]


def _paths(dataset: str) -> list[Path]:
    path = expand_user(dataset)
    if path.is_dir():
        return sorted(path.glob("*.tar"))
    braces = _BRACES.search(str(path))
    if braces is None:
        paths = [path]
    else:
        first, last, width = int(braces[1]), int(braces[2]), len(braces[1])
        if last - first >= _MOST_SHARDS:
            raise DatasetError(f"{dataset} must name at most {_MOST_SHARDS:,} shards")
        paths = [
            Path(f"{str(path)[: braces.start()]}{number:0{width}d}{str(path)[braces.end() :]}")
            for number in range(first, last + 1)
        ]
    if missing := [each for each in paths if not each.is_file()]:
        raise DatasetError(f"{missing[0]} must be a shard, and is missing")
    return paths


def _labelled(paths: Sequence[Path]) -> tuple[Labelled, list[Problem]]:
    shards = Shards(paths)
    labels: list[str] = []
    problems: list[Problem] = []
    without = 0
    for number, path in enumerate(paths):
        for key, members in _members(path, number).items():
            image = next((name for name in members if name in _IMAGES), None)
            if image is None:
                where = f"{path}/{key}"
                problems.append(Problem("skipped", "", where, f"{where} has no image: skipped", harmless=True))
                continue
            label = _label(shards, members)
            without += label is None
            labels.append(label or "")
            shards.places.append((f"{key}.{image}", members[image]))
    if 0 < without < len(labels):
        raise DatasetError(f"{paths[0]} must have a label (.cls, or .json with label) for all images or none")
    return Labelled(shards, range(len(shards.places)), None if without else labels), problems


def _members(path: Path, shard: int) -> dict[str, dict[str, Place]]:
    """Return the members of a shard by key and extension."""
    found: dict[str, dict[str, Place]] = {}
    try:
        with tarfile.open(path, "r:") as file:
            for member in file:
                folder, _, name = member.name.rpartition("/")
                key, _, extension = name.partition(".")
                if member.isreg() and key:
                    place = shard, member.offset_data, member.size
                    found.setdefault(f"{folder}/{key}".lstrip("/"), {})[extension.lower()] = place
    except (OSError, tarfile.TarError, EOFError) as error:
        hint = "decompress it first, since images are read at random" if "compress" in str(error) else ""
        raise DatasetError(f"{path} cannot be read as a tar file: {error}", hint=hint) from error
    return found


def _label(shards: Shards, members: Mapping[str, Place]) -> str | None:
    """Return the label of an example, or None if it has none."""
    extension = next((name for name in _LABELS if name in members), None)
    if extension is None or members[extension][2] > _LARGEST_LABEL:
        return None
    try:
        text = shards.bytes(members[extension]).decode().strip()
        if extension == "cls":
            return text or None
        label = json.loads(text).get("label")
    except (Unreadable, UnicodeDecodeError, ValueError, AttributeError, RecursionError):
        return None
    return None if label is None else str(label)


BUILDER = Builder(form="WebDataset shards (.tar)", matches=matches, find=find)
