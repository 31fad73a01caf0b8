"""Documents: the rows of tables, and the files of a folder, with their labels and places."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dlcli.data.labels import visible
from dlcli.data.problems import Problem
from dlcli.data.text import files, tables
from dlcli.data.text.columns import Reading
from dlcli.errors import DatasetError
from dlcli.files import size_text
from dlcli.notices import warn

_FEW = 5  # rows and labels of which nothing can be told


@dataclasses.dataclass(frozen=True)
class Row:
    """A text with its class.

    Attributes:
        text: of the document.
        place: a name of it for a person, such as its line.
        label: its class; None where there is none.
        written: the label with the white space that the data have around it.
    """

    text: str
    place: str
    label: str | None = None
    written: str = ""


Found = tuple[list[Row], list[Problem]]


def rows(path: Path, reading: Reading) -> Found:
    """Read a table of texts; return its rows, and those that cannot be used.

    Raises:
        DatasetError: it cannot be read, or lacks a column.
    """
    numbered, bad = tables.read(path, reading.text)
    found = [_row(f"line {line} of {path}", cells) for line, cells in numbered]
    bad += [_empty(row) for row in found if not row.text.strip()]
    found = [row for row in found if row.text.strip()]
    if reading.labels and any(row.label for row in found):
        bad += [_unlabelled(row) for row in found if not row.label]
        found = [row for row in found if row.label]
    else:
        found = [dataclasses.replace(row, label=None) for row in found]
    # Only a table without a header has a row in its first line.
    if files.ending(path) == ".tsv" and found and found[0].place.startswith("line 1 "):
        _note_guessed(path, found)
    return found, bad


def _row(place: str, cells: tables.Cells) -> Row:
    label = cells.get("label")
    return Row(cells["text"], place, label if label is None else label.strip(), label or "")


def _empty(row: Row) -> Problem:
    return Problem("empty", "", row.place, f"{row.place} must hold a text, and is empty", skippable=True)


def _unlabelled(row: Row) -> Problem:
    return Problem("unlabelled", "", row.place, f"{row.place} must have a label, as others do", skippable=True)


def _note_guessed(path: Path, found: Sequence[Row]) -> None:
    """Say how a table without a header is read, where that may be wrong."""
    labels = Counter(str(row.label) for row in found)
    first = str(found[0].label)
    if len(labels) > max(_FEW, len(found) // 2):
        why = f"{len(labels):,} labels in {len(found):,} rows"
    elif len(found) > _FEW and labels[first] == 1:
        why = f"line 1 has the label {visible(first)}, which no other line has"
    else:
        return
    warn(f"{path} has no header and is read as label, text, but {why}: name its columns in a first line")


def of_folder(folder: Path) -> Found:
    """Read the `.txt` files of a folder and those below it, a document each, by name.

    Raises:
        DatasetError: there is none, or they are too large.
    """
    paths = files.below(folder)
    chosen = [path for path in paths if files.is_document(path, folder)]
    if not chosen:
        raise _no_documents(folder, paths)
    found: list[Row] = []
    bad = files.skipped(sorted({*paths} - {*chosen}), "it is no .txt file of a document")
    characters = 0
    for path in chosen:
        each = _document(path, path.relative_to(folder).as_posix())
        if isinstance(each, Problem):
            bad.append(each)
            continue
        found.append(each)
        characters += len(each.text)
        if characters > files.LARGEST:
            raise DatasetError(f"{folder} must hold at most {size_text(files.LARGEST)} of text, found more")
    return found, bad


def _document(path: Path, place: str) -> Row | Problem:
    try:
        row = Row(files.read(path), place)
    except DatasetError as error:
        return Problem("undecodable", "", place, str(error), skippable=True)
    return row if row.text.strip() else _empty(row)


def _no_documents(folder: Path, paths: Sequence[Path]) -> DatasetError:
    table = next((path for path in paths if files.ending(path) in files.TABLES), None)
    hint = f"a table is named itself: {table}" if table else f"a folder of images is folder:{folder}"
    return DatasetError(
        f"{folder} must hold train.txt (or .tsv, .csv, .jsonl) or files that end in .txt, and holds neither", hint=hint
    )
