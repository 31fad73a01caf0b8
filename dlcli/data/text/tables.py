r"""Parsing of tables: one row per example, with cells by the names of their columns.

- `.csv` begins with a header; quoted cells may contain line ends and quotes.
- `.tsv` begins with a header, too; quotes are ordinary characters unless the header is quoted. A `.tsv` of two columns
  may lack the header: it contains `label<TAB>text`, or `source<TAB>target`.
- `.jsonl` contains one JSON object per line.

The delimiter is the one of the header: `,`, `;`, a tab or `|`, whatever the extension. Lines end with \n or \r\n; all
other separators (U+2028, form feed, …) are characters of a cell. Names of columns match regardless of case and
surrounding white space, with a note, unless that is ambiguous.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.data import text_files
from dlcli.data.problems import Problem
from dlcli.data.text.columns import Column, matches, resolve
from dlcli.errors import DatasetError
from dlcli.files import split_lines

_DELIMITER = re.compile(r'"?sep=."?\r?')  # a line that spreadsheets write before the header
_HEADER_LINES = 20  # lines of a header whose names contain line ends
_LARGEST_CELL = 2**28  # characters; a quote that is never closed does not fill the memory

Cells = dict[str, Any]  # the cells of a row, by the roles of their columns
Rows = tuple[list[tuple[int, Cells]], list[Problem]]
Parsed = Iterator[tuple[int, Cells | str]]  # the line of each row, and its cells or what is wrong with it


def read(path: Path, wanted: Sequence[Column]) -> Rows:
    """Read a table as a whole.

    Args:
        path: path of the file.
        wanted: columns to read, in the order of a `.tsv` without a header.

    Returns:
        The first line and the cells of each row, and the problems of rows that cannot be read.

    Raises:
        DatasetError: the file cannot be read, or lacks a column.
    """
    good: list[tuple[int, Cells]] = []
    problems: list[Problem] = []
    for number, row in Table(path, lines_of(path, text_files.decoded(path)[0]), wanted).rows():
        if isinstance(row, Problem):
            problems.append(row)
        else:
            good.append((number, row))
    return good, problems


def lines_of(path: Path, text: str) -> list[str]:
    """Return the lines of the text of a table; raise `DatasetError` if they end as those of classic Mac OS."""
    if "\r" in text and "\n" not in text:
        raise classic_ends(path)
    return text.split("\n") if keeps_returns(path) else split_lines(text)


def keeps_returns(path: Path) -> bool:
    r"""Return whether a \r before a \n is part of a line, since it may be in a quoted cell of several lines."""
    return text_files.extension(path) == ".csv"


def classic_ends(path: Path) -> DatasetError:
    """Return the error of a table whose lines end as those of classic Mac OS."""
    return DatasetError(
        f"{path} must end its lines with \\n or \\r\\n, found \\r alone (classic Mac OS)",
        hint="tr '\\r' '\\n' < FILE > NEW converts it",
    )


class Table:
    """The rows of a table."""

    def __init__(self, path: Path, lines: Sequence[str], wanted: Sequence[Column]):
        """Find the columns.

        Args:
            path: path of the file, for its extension and for messages.
            lines: all of its lines.
            wanted: columns to read, in the order of a `.tsv` without a header.

        Raises:
            DatasetError: the table is empty, or lacks a column.
        """
        if not any(line.strip() for line in lines):
            required = [f"a {column.role}" for column in wanted if column.required]
            raise DatasetError(f"{path} must have {' and '.join(required)} per row, and is empty")
        self._path = path
        self._parsed = (_objects if text_files.extension(path) == ".jsonl" else _table)(path, lines, wanted)

    def rows(self) -> Iterator[tuple[int, Cells | Problem]]:
        """Yield the first line of each row, and its cells or its problem."""
        for number, row in self._parsed():
            if message := row if isinstance(row, str) else _convert(row):
                yield number, _problem(self._path, number, message)
            else:
                assert not isinstance(row, str)  # an empty message
                yield number, row


def has_columns(path: Path, wanted: Sequence[Column]) -> bool:
    """Return whether the header of a table, or its first object, names all these columns."""
    lines = [line for line in text_files.head(path).split("\n") if line.strip()]
    if text_files.extension(path) == ".jsonl":
        headers = [_keys(lines[0])] if lines else []
    else:
        headers = [dialect.header(lines) for dialect in _dialects(path)]
    return any(matches(header, wanted) == len(wanted) for header in headers)


def _keys(line: str) -> list[str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return list(found) if isinstance(found, dict) else []


def without_header(path: Path) -> list[list[str]]:
    """Return the rows at the beginning of a `.tsv` of two columns, read as if there were no header."""
    if text_files.extension(path) != ".tsv":
        return []
    rows = [line.split("\t") for line in split_lines(text_files.head(path)) if line]
    return rows if all(len(row) == 2 for row in rows) else []


@dataclasses.dataclass(frozen=True)
class _Dialect:
    """How the cells of a line are separated."""

    delimiter: str
    quoted: bool

    def header(self, lines: Sequence[str]) -> list[str]:
        """Return the cells of the first line, or of the first few lines if a cell contains line ends."""
        if not lines:
            return []
        if not self.quoted:
            return lines[0].removesuffix("\r").split(self.delimiter)
        try:
            return next(csv.reader((line + "\n" for line in lines[:_HEADER_LINES]), delimiter=self.delimiter), [])
        except csv.Error:  # reported when the rows are read
            return []

    def rows(self, lines: Sequence[str], first: int) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the first line of each row, and its cells or what is wrong with it."""
        if self.quoted:
            yield from _quoted(lines, first, self.delimiter)
            return
        for number in range(first, len(lines)):
            if line := lines[number].removesuffix("\r"):
                yield number + 1, line.split(self.delimiter)


def _dialects(path: Path) -> list[_Dialect]:
    """Return the possible dialects of a table, the usual one of its extension first."""
    quoted = [_Dialect(delimiter, True) for delimiter in ",;\t|"]
    return quoted if text_files.extension(path) == ".csv" else [_Dialect("\t", False), _Dialect("\t", True), *quoted]


def _table(path: Path, lines: Sequence[str], wanted: Sequence[Column]) -> Callable[[], Parsed]:
    first = next(number for number, line in enumerate(lines) if line.strip())
    if _DELIMITER.fullmatch(lines[first]) and first + 1 < len(lines):
        first += 1
    csv.field_size_limit(_LARGEST_CELL)
    chosen, header = _dialect(path, lines[first : first + _HEADER_LINES], wanted)
    has_header = not _lacks_header(path, chosen, header, wanted)
    names, found = header, {column.role: index for index, column in enumerate(wanted)}
    if has_header:
        number, first_row = next(chosen.rows(lines, first))
        if isinstance(first_row, str):
            raise DatasetError(f"line {number} of {path} {first_row}")
        names, found = first_row, resolve(path, first_row, wanted)

    def parsed() -> Parsed:
        for number, cells in itertools.islice(chosen.rows(lines, first), int(has_header), None):
            if isinstance(cells, str):
                yield number, cells
            elif len(cells) != len(names):
                yield number, f"must have {len(names)} columns, and has {len(cells)}"
            else:
                yield number, {role: cells[index] for role, index in found.items()}

    return parsed


def _dialect(path: Path, lines: Sequence[str], wanted: Sequence[Column]) -> tuple[_Dialect, list[str]]:
    """Return the dialect that fits the lines of the header best, and the cells of the header."""
    dialects = [(dialect, dialect.header(lines)) for dialect in _dialects(path)]
    chosen = max(dialects, key=lambda each: matches(each[1], wanted))  # the first of the best
    return chosen if matches(chosen[1], wanted) else max(dialects, key=lambda each: len(each[1]))


def _lacks_header(path: Path, chosen: _Dialect, header: Sequence[str], wanted: Sequence[Column]) -> bool:
    return (
        text_files.extension(path) == ".tsv"
        and chosen == _Dialect("\t", False)
        and len(header) == len(wanted)
        and not any(column.given for column in wanted)
        and not matches(header, wanted)
    )


def _quoted(lines: Sequence[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    while first < len(lines):
        # A row that cannot be read may contain the rows that follow, so reading continues at its second line.
        reader = csv.reader((lines[n] + "\n" for n in range(first, len(lines))), delimiter=delimiter, strict=True)
        start = 0
        try:
            for cells in reader:
                if cells:
                    yield first + start + 1, cells
                start = reader.line_num
            return
        except csv.Error as error:
            row, end = first + start, first + reader.line_num
            yield _misquoted(lines, row, end, delimiter, str(error))
            first = row + 1


def _misquoted(lines: Sequence[str], row: int, end: int, delimiter: str, reason: str) -> tuple[int, str]:
    """Return the line that makes a row unreadable, and why."""
    if "new-line character" in reason:
        return row + 1, "has a carriage return outside quotes"
    # Skip the complete cells, up to the quote that opens the incomplete one.
    text, cell, start = "\n".join(lines[row:end]), re.compile(rf'(?:"(?:[^"]|"")*"|[^"{re.escape(delimiter)}\n]*)'), 0
    while (match := cell.match(text, start)) and text[match.end() : match.end() + 1] == delimiter:
        start = match.end() + 1
    line = row + text.count("\n", 0, start) + 1
    if "unexpected end" in reason:
        return line, "has an opening quote that is never closed"
    if "field larger" in reason:
        return line, f"has a cell of more than {_LARGEST_CELL:,} characters: a quote may not be closed"
    where = f" in line {end}" if end != line else ""
    return line, f"has a quoted cell that continues after its closing quote{where}: write a quote in a cell twice"


def _objects(path: Path, lines: Sequence[str], wanted: Sequence[Column]) -> Callable[[], Parsed]:
    objects = (_parsed(line) for line in lines if line.strip())
    header = list(dict.fromkeys(name for each in objects if isinstance(each, dict) for name in each))
    found = {} if not header else {role: header[index] for role, index in resolve(path, header, wanted).items()}

    def parsed() -> Parsed:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            each = _parsed(line)
            if isinstance(each, str):
                yield number, each
                continue
            row = {role: each.get(name) for role, name in found.items() if each.get(name) is not None}
            if missing := [found.get(role, role) for role in _required(wanted) if role not in row]:
                yield number, f"must be a JSON object with a string for {' and '.join(map(repr, missing))}"
            else:
                yield number, row

    return parsed


def _required(wanted: Sequence[Column]) -> list[str]:
    return [column.role for column in wanted if column.role != "label"]


def _parsed(line: str) -> Mapping[str, Any] | str:
    """Return the object on a line, or what is wrong with it."""
    try:
        found = json.loads(line, object_pairs_hook=_without_repeats)
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


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"it has {repeated!r} twice")
    return found


def _convert(row: Cells) -> str:
    """Convert labels that are numbers to text; return what is wrong with the cells, or ""."""
    for role, value in row.items():
        if role == "label" and not isinstance(value, str):
            value = row[role] = _label(value)
            if not value:
                return "must have a string, a finite number or a boolean as label"
        if not isinstance(value, str):
            return f"must have a string as {role}, found {_JSON.get(type(value), 'an object')}"
        if problem := _unreadable(role, value):
            return problem
    return ""


def _label(value: object) -> str:
    """Return a JSON value as the text of a label, 1.0 as "1"; "" if it cannot be a label."""
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
        return f"has a NUL character in its {role}"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        bad = f"the byte 0x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"the surrogate U+{code:04X}"
        return f"must be UTF-8, found {bad} in its {role}"
    return ""


def _problem(path: Path, line: int, what: str) -> Problem:
    where = f"line {line} of {path}"
    return Problem("undecodable" if what.startswith("must be UTF-8") else "columns", "", where, f"{where} {what}", True)
