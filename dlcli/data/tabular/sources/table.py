"""A table of numbers in a file, `.csv` or `.tsv`, also compressed as `.gz` or `.xz`.

- The first line names the columns; the delimiter is the one of this line: `,`, `;`, a tab or `|`.
- The column to predict is the one that `--target-column` names, or else `target` or `label`, or else the last one. It
  contains numbers or texts.
- All other columns contain numbers. A column of texts is refused: how to encode it is a decision of the user.
- A column without a name, such as the index that pandas writes, is left out.

Rows are divided by their numbers (see `dlcli.data.splits`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.labels import normalized, visible
from dlcli.data.problems import Problem
from dlcli.data.tabular.builder import Builder, ReadOptions, Source
from dlcli.data.tabular.cells import LONGEST_NAME, is_missing, number, problem
from dlcli.data.tabular.sets import of_rows
from dlcli.errors import DatasetError
from dlcli.nearest import nearest

TARGETS = ("target", "label")  # usual names of the column to predict
_DELIMITERS = ",;\t|"
_LISTED = 10  # columns that a message lists
_NUMERIC = 0.9  # fraction of numbers in a target of numbers; the other cells are problems

Line = tuple[int, list[str]]  # number of the first line of a row, and its cells


def matches(dataset: str) -> bool:
    """Return whether a name is that of a table with a header."""
    path = text_files.located(dataset)
    return text_files.extension(path) in (".csv", ".tsv") and not path.is_dir()


def recognizes(dataset: str) -> bool:
    """Return whether a table has a number in its first row, and no column of texts by name."""
    lines = [line for line in text_files.head(text_files.located(dataset)).split("\n") if line.strip()][:2]
    if len(lines) < 2:
        return False
    header, first = (_cells(line, _delimiter(lines[0])) for line in lines)
    texts = {"text", "source"} & set(map(normalized, header))
    return len(header) == len(first) > 1 and not texts and any(number(cell) is not None for cell in first[:-1])


def read(dataset: str, options: ReadOptions) -> tuple[Source, list[Problem]]:
    """Read the table.

    Raises:
        DatasetError: the file cannot be read, has no header or no rows, or lacks the column to predict.
    """
    path = text_files.located(dataset)
    text, problems = text_files.decoded(path)
    header, lines = parse(path, text)
    target = _target(path, header, options)
    kept = [index for index, name in enumerate(header) if name and index != target]
    if not kept:
        raise DatasetError(f"{path} must have columns of numbers besides {visible(header[target])}, found none")
    problems += [_unnamed(path, index) for index, name in enumerate(header) if not name]
    good: list[Line] = []
    for line, cells in lines:
        if len(cells) == len(header):
            good.append((line, cells))
        else:
            problems.append(_wrong(path, line, f"must have {len(header)} columns, and has {len(cells)}"))
    problems += [found for index in kept if (found := _texts(path, header[index], index, good))]
    texts = {found.where for found in problems if not found.skippable}
    kept = [index for index in kept if header[index] not in texts]
    numeric = _is_numeric([cells[target] for _, cells in good], options)
    features, targets, places = [], [], []
    for line, cells in good:
        if wrong := _wrong_cells(cells, header, kept, target, numeric):
            problems += [_wrong(path, line, each) for each in wrong]
            continue
        features.append([float(cells[index]) for index in kept])
        targets.append(float(cells[target]) if numeric else cells[target].strip())
        places.append(f"line {line} of {path}")
    rows = of_rows(features, targets, places)
    return Source(tuple(header[index] for index in kept), header[target], {"train": rows}), problems


def parse(path: Path, text: str) -> tuple[list[str], list[Line]]:
    """Return the names of the columns, without surrounding white space, and the rows.

    Raises:
        DatasetError: there is no header, or no row.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    rows = list(_rows(path, text, _delimiter(first)))
    if len(rows) < 2:
        raise DatasetError(f"{path} must have a line with the names of its columns and at least one row, found fewer")
    header = [name.strip() for name in rows[0][1]]
    if numbers := [name for name in header if number(name) is not None]:
        raise DatasetError(f"the first line of {path} must name the columns, found the number {numbers[0]}")
    repeated = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    if repeated:
        raise DatasetError(f"{path} must have columns with different names, found twice: {visible(repeated[0])}")
    if long := [name for name in header if len(name) > LONGEST_NAME]:
        raise DatasetError(f"{path} must have names of at most {LONGEST_NAME} characters, found {long[0][:40]!r}…")
    return header, rows[1:]


def _rows(path: Path, text: str, delimiter: str) -> Iterator[Line]:
    csv.field_size_limit(text_files.LARGEST)
    reader, start = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True), 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start + 1, cells
            start = reader.line_num
    except csv.Error as error:
        raise DatasetError(f"line {start + 1} of {path} cannot be read: {error}") from error


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=lambda each: len(_cells(header, each)))  # the first of the best


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # reported when the rows are read
        return []


def _target(path: Path, header: Sequence[str], options: ReadOptions) -> int:
    """Return the index of the column to predict."""
    names = [normalized(name) for name in header]
    wanted = TARGETS if options.target_column is None else (options.target_column,)
    found = next((names.index(normalized(name)) for name in wanted if normalized(name) in names), None)
    if found is not None:
        return found
    if options.target_column is None:
        return max(index for index, name in enumerate(header) if name)
    listed = ", ".join(map(visible, header[:_LISTED])) + (", …" if len(header) > _LISTED else "")
    near = nearest(options.target_column, header)
    suggestion = f"; did you mean {visible(near[0])}?" if near else ""
    raise DatasetError(f"{path} must have the column {options.target_column!r}, found {listed}{suggestion}")


def _unnamed(path: Path, index: int) -> Problem:
    message = f"column {index + 1} of {path} has no name and is left out"
    return Problem("columns", "", f"column {index + 1}", message, skippable=True, harmless=True)


def _texts(path: Path, name: str, index: int, lines: Sequence[Line]) -> Problem | None:
    """Return a problem if most cells of a column are texts."""
    given = [(line, cells[index]) for line, cells in lines if not is_missing(cells[index])]
    texts = [(line, cell) for line, cell in given if number(cell) is None]
    if not texts or len(texts) <= len(given) / 2:
        return None
    line, cell = texts[0]
    found = f"found texts such as {visible(cell[:40])} in line {line}: encode it as numbers, or remove it"
    message = f"column {visible(name)} of {path} must contain numbers, {found}"
    return Problem("columns", "", name, message)


def _is_numeric(cells: Sequence[str], options: ReadOptions) -> bool:
    """Return whether the target contains numbers."""
    given = [cell for cell in cells if not is_missing(cell)]
    numbers = sum(number(cell) is not None for cell in given)
    return (options.task == "regress" and numbers > 0) or numbers > _NUMERIC * len(given)


def _wrong_cells(
    cells: Sequence[str], header: Sequence[str], kept: Sequence[int], target: int, numeric: bool
) -> list[str]:
    wrong = [problem(cells[index], header[index]) for index in kept if number(cells[index]) is None]
    if is_missing(cells[target]) or (numeric and number(cells[target]) is None):
        wrong.append(problem(cells[target], header[target]))
    elif len(cells[target]) > LONGEST_NAME or text_files.BAD_BYTES.search(cells[target]):
        wrong.append(f"must have UTF-8 of at most {LONGEST_NAME} characters in column {visible(header[target])}")
    return wrong


def _wrong(path: Path, line: int, what: str) -> Problem:
    where = f"line {line} of {path}"
    return Problem("columns", "", where, f"{where} {what}", skippable=True)


BUILDER = Builder("a .csv or .tsv file with a header", matches, read, recognizes, named_columns=True)
