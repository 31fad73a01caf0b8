"""A table of texts, with or without labels (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text.tables`).

Its rows are divided by their numbers: a fifth is `test`, a tenth `validation` (see `dlcli.data.splits`). Classes are
the labels of the training split without surrounding white space, in alphabetical order.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.labels import visible
from dlcli.data.problems import Problem, without_text
from dlcli.data.text import tables
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import large_tables
from dlcli.data.text.rows import Found, Row, text_set, unlabelled
from dlcli.data.text.sets import TextSet
from dlcli.notices import warn

_FEW = 5  # rows and labels that are too few to decide whether the first line is a header


def matches(dataset: str) -> bool:
    """Return whether a name is that of a table."""
    path = text_files.located(dataset)
    return text_files.is_table(path) and not path.is_dir()


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the table and divide it."""
    return find_parts(dataset, {"train": text_files.located(dataset)}, options)


def find_parts(name: str, paths: Mapping[str, Path], options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the tables of a set.

    Args:
        name: of the set.
        paths: the table of each split; splits that are missing are divided off training.
        options: how they are read.

    Raises:
        DatasetError: a file cannot be read, lacks a column, or has too few rows.
    """
    if not options.in_memory and large_tables.are_large(list(paths.values())):
        for path in paths.values():
            _usable(path, large_tables.head(path, options), options)  # for its note
        return large_tables.text_set(name, paths, options)
    rows: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for split, path in paths.items():
        numbered, bad = tables.read(path, options.text)
        rows[split], unusable = _usable(path, numbered, options)
        problems += [dataclasses.replace(each, split=split if len(paths) > 1 else "") for each in [*bad, *unusable]]
    return text_set(name, rows, problems + _without_labels(rows, paths))


def _usable(path: Path, numbered: Sequence[tuple[int, tables.Cells]], options: ReadOptions) -> Found:
    """Return the rows of a table that can be used, and the problems of the others."""
    rows = [_row(f"line {line} of {path}", cells) for line, cells in numbered]
    problems = [without_text(row.place) for row in rows if not row.text.strip()]
    rows = [row for row in rows if row.text.strip()]
    if options.labels and any(row.label for row in rows):
        problems += [unlabelled(row.place) for row in rows if not row.label]
        rows = [row for row in rows if row.label]
    else:
        rows = [dataclasses.replace(row, label=None) for row in rows]
    # Only a table without a header has a row in its first line.
    if text_files.extension(path) == ".tsv" and rows and rows[0].place.startswith("line 1 "):
        _note_missing_header(path, rows)
    return rows, problems


def _without_labels(rows: Mapping[str, Sequence[Row]], paths: Mapping[str, Path]) -> list[Problem]:
    """Return the files without labels, if others have labels."""
    labelled = {split for split, found in rows.items() if found and found[0].label is not None}
    return [
        Problem("unlabelled", split, str(paths[split]), f"{paths[split]} must have labels, as other splits do")
        for split, found in rows.items()
        if labelled and found and split not in labelled
    ]


def _row(place: str, cells: tables.Cells) -> Row:
    label = cells.get("label")
    return Row(cells["text"], place, label if label is None else label.strip(), label or "")


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
