"""Files of text: raw text, and tables of one text a row.

- `.txt` is one raw text.
- `.tsv` and `.csv` begin with the names of their columns, of which `text` and perhaps `label` are read. A `.tsv`
  without them holds `label<TAB>text`. Quotes mean something in `.csv` alone.
- `.jsonl` holds an object a line, with `text` and perhaps `label`.

All are UTF-8; a further `.gz` or `.xz` says that the file is packed.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.data.findings import Finding, Malformed
from dlcli.errors import DatasetError

RAW = ".txt"
TABLES = (".tsv", ".csv", ".jsonl")
_PACKED = {".gz": gzip.open, ".xz": lzma.open}
_LONGEST = 2**30  # characters of a cell; the csv module's own bound is 128 KiB


@dataclasses.dataclass(frozen=True)
class Row:
    """A text, its class where the file has one, and the line it begins on."""

    text: str
    label: str | None
    line: int


def ending(path: Path) -> str:
    """Return the ending that says what the file holds, without that of its packing."""
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def is_text(path: Path) -> bool:
    """Tell whether the name is that of a file read here."""
    return ending(path) in (RAW, *TABLES)


def read(path: Path) -> str:
    """Return the whole text of a file.

    Raises:
        DatasetError: it is missing, damaged or not UTF-8.
    """
    try:
        with _PACKED.get(path.suffix, open)(path, "rb") as file:
            return file.read().decode("utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} must be UTF-8, and is not from byte {error.start:,} on") from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error


def rows(path: Path) -> list[Row]:
    """Read a table.

    Raises:
        DatasetError: it cannot be read, or rows lack what the first has; the error knows all that is wrong.
    """
    text = read(path)
    if not text.strip():
        raise DatasetError(f"{path} must hold a text a row, and is empty")
    found = list(_objects(path, text) if ending(path) == ".jsonl" else _cells(path, text))
    good = [each for each in found if isinstance(each, Row)]
    problems = [each for each in found if isinstance(each, Finding)]
    problems += _half_labelled(path, good)
    if problems:
        raise Malformed(str(path), problems)
    return good


def _objects(path: Path, text: str) -> Iterator[Row | Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            yield _problem(path, number, 'must be a JSON object with a string named "text"')
        elif not isinstance(label := found.get("label"), str | int | None):
            yield _problem(path, number, f"must have a string or a number as its label, and has {label!r}")
        else:
            yield Row(_whole(found["text"]), None if label is None else str(label), number)


def _cells(path: Path, text: str) -> Iterator[Row | Finding]:
    lines = _tabs(text) if ending(path) == ".tsv" else _commas(path, text)
    first = next(lines)[1]
    names = first
    if "text" not in first:
        if ending(path) != ".tsv" or len(first) != 2:
            raise DatasetError(
                f"{path} must begin with the names of its columns, `text` and perhaps `label` among them, "
                f"and begins with {', '.join(map(repr, first[:5]))}"
            )
        names = ["label", "text"]
        yield Row(first[1], first[0], 1)
    for number, cells in lines:
        if len(cells) != len(names):
            yield _problem(path, number, f"must have {len(names)} columns, and has {len(cells)}")
        else:
            row = dict(zip(names, cells, strict=True))
            yield Row(row["text"], row.get("label"), number)


def _tabs(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line := line.removesuffix("\r"):
            yield number, line.split("\t")


def _commas(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise DatasetError(f"line {reader.line_num} of {path} cannot be read as CSV: {error}") from error


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # JSON can hold halves of a character


def _half_labelled(path: Path, found: Sequence[Row]) -> list[Finding]:
    lacking = [row for row in found if row.label is None]
    if len(lacking) == len(found):
        return []
    return [_problem(path, row.line, "must have a label, as others do") for row in lacking]


def _problem(path: Path, line: int, what: str) -> Finding:
    where = f"line {line} of {path}"
    return Finding("columns", "", where, f"{where} {what}")
