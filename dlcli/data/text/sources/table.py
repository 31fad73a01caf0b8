"""A table of texts, with or without labels (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text.tables`).

Its rows are divided by their numbers: a fifth is `test`, a tenth `validation` (see `dlcli.data.splits`). Classes are
the labels of the training split without surrounding white space, in alphabetical order.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.labels import visible
from dlcli.data.problems import Problem, without_text
from dlcli.data.text import tables
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.rows import Found, Row, text_set
from dlcli.data.text.sets import TextSet
from dlcli.notices import warn

_FEW = 5  # rows and labels that are too few to decide whether the first line is a header


def matches(dataset: str) -> bool:
    """Return whether a name is that of a table."""
    path = text_files.located(dataset)
    return text_files.is_table(path) and not path.is_dir()


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the table and divide it."""
    rows, problems = read(text_files.located(dataset), options)
    return text_set(dataset, {"train": rows}, problems)


def read(path: Path, options: ReadOptions) -> Found:
    """Read a table of texts; return its rows, and the problems of those that cannot be used.

    Raises:
        DatasetError: the file cannot be read, or lacks a column.
    """
    numbered, problems = tables.read(path, options.text)
    rows = [_row(f"line {line} of {path}", cells) for line, cells in numbered]
    problems += [without_text(row.place) for row in rows if not row.text.strip()]
    rows = [row for row in rows if row.text.strip()]
    if options.labels and any(row.label for row in rows):
        problems += [unlabelled(row) for row in rows if not row.label]
        rows = [row for row in rows if row.label]
    else:
        rows = [dataclasses.replace(row, label=None) for row in rows]
    # Only a table without a header has a row in its first line.
    if text_files.extension(path) == ".tsv" and rows and rows[0].place.startswith("line 1 "):
        _note_missing_header(path, rows)
    return rows, problems


def _row(place: str, cells: tables.Cells) -> Row:
    label = cells.get("label")
    return Row(cells["text"], place, label if label is None else label.strip(), label or "")


def unlabelled(row: Row) -> Problem:
    """Return the problem of a row without a label."""
    return Problem("unlabelled", "", row.place, f"{row.place} must have a label, as other rows do", skippable=True)


def _note_missing_header(path: Path, rows: Sequence[Row]) -> None:
    """Warn if the first line of a table that is read without a header may be one after all."""
    labels = Counter(str(row.label) for row in rows)
    first = str(rows[0].label)
    if len(labels) > max(_FEW, len(rows) // 2):
        why = f"it has {len(labels):,} labels in {len(rows):,} rows"
    elif len(rows) > _FEW and labels[first] == 1:
        why = f"no other line has the label of line 1, {visible(first)}"
    else:
        return
    warn(f"{path} has no header and is read as label, text, but {why}: name its columns in the first line")


BUILDER = TextBuilder("a .tsv, .csv or .jsonl file (also compressed as .xz or .gz)", matches, find)
