"""A manifest: a `.csv` or `.tsv` file with the columns `image`, a path, and `label`; perhaps `split`.

Paths are relative to the folder of the manifest and must not leave it. Without `split`, the images are divided by their
numbers (see `dlcli.data.splits`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from dlcli.data import text_files
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import LARGEST_FILE
from dlcli.data.images.records import Labelled, image_set, state_of
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import Malformed, Problem
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError
from dlcli.files import read_bytes, split_lines

_EXTENSIONS = {".csv": ",;\t|", ".tsv": "\t,;|"}  # delimiters, the usual one first

Row = tuple[str, str | None, str]  # path, label, split


class Named:
    """The images of a manifest."""

    def __init__(self, folder: Path, names: Sequence[str]):
        self.folder, self.names = folder, names

    @property
    def identity(self) -> str:
        """Names, sizes and modification times of all files."""
        return "\n".join(map(self._state, self.names))

    def _state(self, name: str) -> str:
        try:
            return state_of(self.folder / name)
        except OSError:
            return name  # which decoding reports

    def where(self, index: int) -> str:
        """Return the path of an image."""
        return str(self.folder / self.names[index])

    def read(self, index: int) -> bytes:
        """Return the bytes of an image."""
        try:
            return read_bytes(self.folder / self.names[index], LARGEST_FILE)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error
        except ValueError as error:
            raise Unreadable(str(error)) from error


def matches(dataset: str) -> bool:
    """Return whether a name is of a table whose header has a column `image`, and no other column of content."""
    path = text_files.located(dataset)
    if text_files.extension(path) not in _EXTENSIONS or path.is_dir():
        return False
    lines = split_lines(text_files.head(path))
    header = _header(path, lines[0]) if lines else []
    return "image" in header and not {"text", "source", "target"} & set(header)


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Read the manifest; the images are read on first access.

    Raises:
        DatasetError: it cannot be read, or a row has no path in its folder.
    """
    path = text_files.located(dataset)
    rows = _rows(path)
    found = {}
    for split in dict.fromkeys(row[2] for row in rows):
        chosen = [row for row in rows if row[2] == split]
        named = Named(path.parent, [name for name, _, _ in chosen])
        labels = [label for _, label, _ in chosen]
        found[split] = Labelled(named, range(len(chosen)), None if None in labels else [str(each) for each in labels])
    return image_set(str(path), found, options)


def _rows(path: Path) -> list[Row]:
    """Return the rows of a manifest; raise `Malformed` if some cannot be used."""
    lines = split_lines(text_files.read(path))
    reader = csv.reader(lines, delimiter=_delimiter(path, lines[0]))
    header = _normalized(next(reader))
    rows: list[Row] = []
    problems = []
    for cells in reader:
        if not any(cells):
            continue
        row = _row(dict(zip(header, map(str.strip, cells), strict=False)) if len(cells) == len(header) else {})
        if isinstance(row, str):
            where = f"line {reader.line_num} of {path}"
            problems.append(Problem("columns", "", where, f"{where} must have {row}"))
        else:
            rows.append(row)
    if problems:
        raise Malformed(str(path), problems)
    if not rows:
        raise DatasetError(f"{path} must contain a row per image, found none")
    return rows


def _row(cells: Mapping[str, str]) -> Row | str:
    """Return the row of these cells by column, or what it must have."""
    splits = {alias: split for split, aliases in ALIASES.items() for alias in aliases}
    if not cells:
        return "as many columns as the first line"
    name, label = PurePosixPath(cells["image"]), cells.get("label")
    if not cells["image"] or name.is_absolute() or ".." in name.parts:
        return "the path of an image in the folder of the manifest"
    if label == "":
        return "a label"
    split = splits.get((cells.get("split") or "train").lower())
    return (str(name), label, split) if split else "the split train, validation or test"


def _delimiter(path: Path, line: str) -> str:
    possible = _EXTENSIONS[text_files.extension(path)]
    return next((each for each in possible if "image" in _normalized(line.split(each))), possible[0])


def _header(path: Path, line: str) -> list[str]:
    """Return the names of the columns in lower case."""
    return _normalized(line.split(_delimiter(path, line)))


def _normalized(cells: Sequence[str]) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in cells]


BUILDER = Builder(form="a .csv of the columns image and label", matches=matches, find=find)
