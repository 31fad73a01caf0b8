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
    """Read a table of texts.

    Raises:
        DatasetError: it cannot be read, or rows lack what the first has; the error knows all that is wrong.
    """
    found = [Row(row["text"], row.get("label"), line) for line, row in table(path, ("text",), ("label",))]
    if problems := _half_labelled(path, found):
        raise Malformed(str(path), problems)
    return found


def table(path: Path, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> list[tuple[int, dict[str, str]]]:
    """Read a table; return the line of each row and its cells by the names of their columns.

    Args:
        path: of the file.
        needed: columns that must be there. Others are left out.
        more: columns that may be there. A `.tsv` that does not name its columns has these before the needed ones.

    Raises:
        DatasetError: it cannot be read, or rows lack what is needed; the error knows all that is wrong.
    """
    text = read(path)
    if not text.strip():
        raise DatasetError(f"{path} must hold a {' and a '.join(needed)} a row, and is empty")
    found = list((_objects if ending(path) == ".jsonl" else _cells)(path, text, needed, more))
    if problems := [each for each in found if isinstance(each, Finding)]:
        raise Malformed(str(path), problems)
    return [each for each in found if not isinstance(each, Finding)]


def names(path: Path, column: str) -> bool:
    """Tell whether a table has a column of this name, by its first line."""
    first = read(path).partition("\n")[0]
    if ending(path) == ".jsonl":
        return f'"{column}"' in first
    return column in first.rstrip("\r").split("\t" if ending(path) == ".tsv" else ",")


Cells = tuple[int, dict[str, str]] | Finding


def _objects(path: Path, text: str, needed: tuple[str, ...], more: tuple[str, ...]) -> Iterator[Cells]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in needed):
            named = " and ".join(f'"{name}"' for name in needed)
            yield _problem(path, number, f"must be a JSON object with a string named {named}")
            continue
        given = {name: found[name] for name in (*needed, *more) if found.get(name) is not None}
        wrong = [name for name, value in given.items() if not isinstance(value, str | int)]
        if wrong:
            yield _problem(
                path, number, f"must have a string or a number as its {wrong[0]}, and has {given[wrong[0]]!r}"
            )
        else:
            yield number, {name: _whole(str(value)) for name, value in given.items()}


def _cells(path: Path, text: str, needed: tuple[str, ...], more: tuple[str, ...]) -> Iterator[Cells]:
    lines = _tabs(text) if ending(path) == ".tsv" else _commas(path, text)
    first = next(lines)[1]
    names = first
    if not set(needed) <= set(first):
        names = [*more, *needed]
        if ending(path) != ".tsv" or len(first) != len(names):
            raise DatasetError(
                f"{path} must begin with the names of its columns, {_named(needed, more)}, "
                f"and begins with {', '.join(map(repr, first[:5]))}"
            )
        yield 1, dict(zip(names, first, strict=True))
    for number, cells in lines:
        if len(cells) != len(names):
            yield _problem(path, number, f"must have {len(names)} columns, and has {len(cells)}")
        else:
            row = dict(zip(names, cells, strict=True))
            yield number, {name: row[name] for name in (*needed, *more) if name in row}


def _named(needed: tuple[str, ...], more: tuple[str, ...]) -> str:
    listed = " and ".join(f"`{name}`" for name in needed)
    perhaps = " and ".join(f"`{name}`" for name in more)
    return f"{listed} and perhaps {perhaps} among them" if more else f"{listed} among them"


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
