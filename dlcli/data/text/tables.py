r"""Tables of text: a row per example, its cells by the names of their columns.

- `.csv` begins with the names of its columns; cells may stand between quotes, and then hold line ends and quotes.
- `.tsv` likewise, but quotes mean nothing in it, unless its header is quoted. A `.tsv` of two columns may have no
  header: it holds `label<TAB>text`, or `source<TAB>target`.
- `.jsonl` holds an object per line.

The delimiter is what the header shows: `,`, `;`, a tab or `|`, whatever the ending. Lines end with \n or \r\n; all
other separators (U+2028, form feed, …) are characters of a cell. A column's name is found in other case and with
white space around it too, which a note says, if no other column has the name then.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli import files
from dlcli.data.problems import Problem
from dlcli.data.text import files as text_files
from dlcli.data.text.columns import Column, matches, resolve
from dlcli.errors import DatasetError

_DELIMITER = re.compile(r'"?sep=."?\r?')  # a line that spreadsheets write before the header
_HEADER_LINES = 20  # lines that a header may have, whose names may hold line ends


Cells = dict[str, Any]  # of a row, by the roles of their columns
Rows = tuple[list[tuple[int, Cells]], list[Problem]]


def read(path: Path, wanted: Sequence[Column]) -> Rows:
    """Read a table; return the line that each row begins in with its cells, and the rows that cannot be read.

    Args:
        path: of the file.
        wanted: the columns to read, in the order that a `.tsv` without a header has them.

    Raises:
        DatasetError: the file cannot be read, or lacks a column.
    """
    text, _ = text_files.decoded(path)
    needed = [f"a {column.role}" for column in wanted if column.needed]
    if not text.strip():
        raise DatasetError(f"{path} must hold {' and '.join(needed)} per row, and is empty")
    if "\r" in text and "\n" not in text:
        raise DatasetError(
            f"{path} must end its lines with \\n or \\r\\n, found \\r alone, as old Macs wrote it",
            hint="tr '\\r' '\\n' < FILE > NEW converts it",
        )
    lines = files.split_lines(text) if text_files.ending(path) != ".csv" else text.split("\n")
    rows = _objects(path, lines, wanted) if text_files.ending(path) == ".jsonl" else _table(path, lines, wanted)
    good, bad = [], []
    for number, row in rows:
        problem = row if isinstance(row, str) else _unfit(row)
        if problem:
            bad.append(_bad(path, number, problem))
        else:
            good.append((number, row))
    return good, bad


def columns(path: Path) -> list[str]:
    """Return the names in a table's first line, as far as they can be told; of objects the first one's keys."""
    lines = text_files.head(path).split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return []
    if text_files.ending(path) == ".jsonl":
        try:
            found = json.loads(lines[first])
        except (ValueError, RecursionError):
            return []
        return list(found) if isinstance(found, dict) else []
    return max((form.header(lines[first:]) for form in _forms(path)), key=len)


def holds(path: Path, wanted: Sequence[Column]) -> bool:
    """Tell whether a table's first line names all these columns."""
    if text_files.ending(path) == ".jsonl":
        return matches(columns(path), wanted) == len(wanted)
    lines = [line for line in text_files.head(path).split("\n") if line.strip()]
    return any(matches(form.header(lines), wanted) == len(wanted) for form in _forms(path))


def headless(path: Path) -> list[list[str]]:
    """Return the rows at the beginning of a `.tsv` of two columns."""
    if text_files.ending(path) != ".tsv":
        return []
    rows = [line.split("\t") for line in files.split_lines(text_files.head(path)) if line]
    return rows if all(len(row) == 2 for row in rows) else []


@dataclasses.dataclass(frozen=True)
class _Form:
    """How cells are told apart."""

    delimiter: str
    quoted: bool

    def header(self, lines: Sequence[str]) -> list[str]:
        """Return the cells of the first line, or of the first few where a cell holds line ends."""
        if not lines:
            return []
        if not self.quoted:
            return lines[0].removesuffix("\r").split(self.delimiter)
        try:
            return next(csv.reader((line + "\n" for line in lines[:_HEADER_LINES]), delimiter=self.delimiter), [])
        except csv.Error:  # reading the rows says why
            return []

    def rows(self, lines: Sequence[str], first: int) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the number of the line that each row begins in, and its cells or what is wrong with it."""
        if self.quoted:
            yield from _quoted(lines, first, self.delimiter)
            return
        for number in range(first, len(lines)):
            if line := lines[number].removesuffix("\r"):
                yield number + 1, line.split(self.delimiter)


def _forms(path: Path) -> list[_Form]:
    """Return the forms that a table may have, the usual one of its ending first."""
    quoted = [_Form(delimiter, True) for delimiter in ",;\t|"]
    return quoted if text_files.ending(path) == ".csv" else [_Form("\t", False), _Form("\t", True), *quoted]


def _table(path: Path, lines: Sequence[str], wanted: Sequence[Column]) -> Iterator[tuple[int, Cells | str]]:
    first = next(number for number, line in enumerate(lines) if line.strip())
    if _DELIMITER.fullmatch(lines[first]) and first + 1 < len(lines):
        first += 1
    csv.field_size_limit(text_files.LARGEST)
    forms = [(form, form.header(lines[first : first + _HEADER_LINES])) for form in _forms(path)]
    chosen, header = max(forms, key=lambda each: matches(each[1], wanted))  # the first one of the best
    if not matches(header, wanted):
        chosen, header = max(forms, key=lambda each: len(each[1]))
    rows = chosen.rows(lines, first)
    if _headless(path, chosen, header, wanted):
        names, found = header, {column.role: place for place, column in enumerate(wanted)}
    else:
        number, names = next(rows)
        if isinstance(names, str):
            raise DatasetError(f"line {number} of {path} {names}")
        found = resolve(path, names, wanted)
    for number, cells in rows:
        if isinstance(cells, str):
            yield number, cells
        elif len(cells) != len(names):
            yield number, f"must have {len(names)} columns, and has {len(cells)}"
        else:
            yield number, {role: cells[place] for role, place in found.items()}


def _headless(path: Path, chosen: _Form, header: Sequence[str], wanted: Sequence[Column]) -> bool:
    return (
        text_files.ending(path) == ".tsv"
        and chosen == _Form("\t", False)
        and len(header) == len(wanted)
        and not any(column.given for column in wanted)
        and not matches(header, wanted)
    )


def _quoted(lines: Sequence[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    while first < len(lines):
        # A row that cannot be read may have swallowed others: reading goes on with the line after its first.
        reader = csv.reader((lines[n] + "\n" for n in range(first, len(lines))), delimiter=delimiter, strict=True)
        begun = 0
        try:
            for cells in reader:
                if cells:
                    yield first + begun + 1, cells
                begun = reader.line_num
            return
        except csv.Error as error:
            row, end = first + begun, first + reader.line_num
            yield _misquoted(lines, row, end, delimiter, str(error))
            first = row + 1


def _misquoted(lines: Sequence[str], row: int, end: int, delimiter: str, reason: str) -> tuple[int, str]:
    """Return the line that is to blame for a row that cannot be read, and why."""
    if "new-line character" in reason:
        return row + 1, "has a carriage return outside quotes"
    # Cells that are whole, up to the quote that opens the one that is not.
    text, cell, place = "\n".join(lines[row:end]), re.compile(rf'(?:"(?:[^"]|"")*"|[^"{re.escape(delimiter)}\n]*)'), 0
    while (match := cell.match(text, place)) and text[match.end() : match.end() + 1] == delimiter:
        place = match.end() + 1
    line = row + text.count("\n", 0, place) + 1
    if "unexpected end" in reason:
        return line, "has a quote that opens and is never closed"
    closed = f" in line {end}" if end != line else ""
    return line, f"has a quote that opens a cell and closes{closed} within it: a quote in a cell is written twice"


def _objects(path: Path, lines: Sequence[str], wanted: Sequence[Column]) -> Iterator[tuple[int, Cells | str]]:
    parsed = [(number, _parsed(line)) for number, line in enumerate(lines, 1) if line.strip()]
    header = list(dict.fromkeys(name for _, each in parsed if isinstance(each, dict) for name in each))
    found = {} if not header else {role: header[place] for role, place in resolve(path, header, wanted).items()}
    for number, each in parsed:
        if isinstance(each, str):
            yield number, each
            continue
        row = {role: each.get(name) for role, name in found.items() if each.get(name) is not None}
        if lacking := [found.get(role, role) for role in _needed(wanted) if role not in row]:
            yield number, f"must be a JSON object with a string named {' and '.join(map(repr, lacking))}"
        else:
            yield number, row


def _needed(wanted: Sequence[Column]) -> list[str]:
    return [column.role for column in wanted if column.role != "label"]


def _parsed(line: str) -> Mapping[str, Any] | str:
    """Return the object of a line, or why there is none."""
    try:
        found = json.loads(line, object_pairs_hook=_once)
    except RecursionError:
        return "must be a JSON object, and is nested too deeply"
    except json.JSONDecodeError as error:
        return f"must be a JSON object, and is not JSON: {error.msg} (column {error.colno})"
    except ValueError as error:
        return f"must be a JSON object: {error}"
    if not isinstance(found, dict):
        return f"must be a JSON object, found {_JSON[type(found)]}"
    return found


_JSON = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"it has {doubled!r} twice")
    return found


def _unfit(row: Cells) -> str:
    """Return what is wrong with the cells of a row, and turn numbers that are labels into text."""
    for role, value in row.items():
        if role == "label" and not isinstance(value, str):
            value = row[role] = _label(value)
            if not value:
                return "must have a string, a finite number or a boolean as its label"
        if not isinstance(value, str):
            return f"must have a string as its {role}, found {_JSON.get(type(value), 'an object')}"
        if problem := _unreadable(role, value):
            return problem
    return ""


def _label(value: object) -> str:
    """Return a label of JSON as text, where 1.0 is the number 1; "" for what is none."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if math.isfinite(value):
            return str(int(value)) if value.is_integer() else repr(value)
        case int():
            return str(value)
    return ""


def _unreadable(role: str, value: str) -> str:
    if "\0" in value:
        return f"has a NUL in its {role}"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        bad = f"the byte 0x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"half of a character, U+{code:04X}"
        return f"must be UTF-8, found {bad} in its {role}"
    return ""


def _bad(path: Path, line: int, what: str) -> Problem:
    where = f"line {line} of {path}"
    return Problem("undecodable" if what.startswith("must be UTF-8") else "columns", "", where, f"{where} {what}", True)
