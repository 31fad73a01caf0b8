"""A table of pairs (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text.tables`), or a folder with one table per split.

A table has columns `source` and `target`; a `.tsv` without a header contains `source<TAB>target`. Its rows are divided
by their numbers: a fifth is `test`, a tenth `validation` (see `dlcli.data.splits`). A folder has a table
`train.EXTENSION`, and perhaps `validation.EXTENSION` (or `valid`, `val`, `dev`) and `test.EXTENSION`; missing splits
are taken off training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.problems import Problem
from dlcli.data.text import tables
from dlcli.data.text.builder import PairBuilder
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.pairs import Found, PairSet, complete, pair_set
from dlcli.data.text.split_files import by_split, split_begun
from dlcli.notices import warn


def matches(dataset: str) -> bool:
    """Return whether a name is that of a table, or of a folder with a table for training."""
    path = text_files.located(dataset)
    return train_table(path) is not None if path.is_dir() else text_files.is_table(path)


def recognizes(dataset: str, options: ReadOptions) -> bool:
    """Return whether a table contains pairs rather than texts.

    It does if options name columns of pairs, if it has both columns and none of texts, or if it has two columns
    without a header and most cells of either are different.
    """
    path = text_files.located(dataset)
    if options.text_column or options.label_column:
        return False
    if options.source_column or options.target_column:
        return True
    if path.is_dir():
        path = train_table(path) or path
    if tables.has_columns(path, DEFAULT.text[1:]):
        return False
    return tables.has_columns(path, DEFAULT.pairs) or _mostly_different(tables.without_header(path))


def train_table(folder: Path) -> Path | None:
    """Return the table for training in a folder, if there is one."""
    paths = text_files.in_folder(folder)
    return next((path for path in paths if split_begun(path) == "train" and text_files.is_table(path)), None)


def find(dataset: str, options: ReadOptions) -> tuple[PairSet, list[Problem]]:
    """Read the table and divide it, or read the tables of the splits."""
    path = text_files.located(dataset)
    if not path.is_dir():
        return pair_set(dataset, {"train": _read(path, options)}, flags=options.flags)
    paths = text_files.in_folder(path)
    parts = by_split(path, list(filter(text_files.is_table, paths)), split_begun)
    others = [each for each in paths if each not in parts.values() and not each.is_dir()]
    found = {split: _read(table, options) for split, table in parts.items()}
    found["train"][1].extend(text_files.skipped(others, "it is not the table of a split"))
    return pair_set(dataset, found, flags=options.flags)


def _read(path: Path, options: ReadOptions) -> Found:
    numbered, problems = tables.read(path, options.pairs)
    rows = [(f"line {line} of {path}", row["source"], row["target"]) for line, row in numbered]
    # Only a table without a header has a row in its first line.
    if rows and numbered[0][0] == 1 and text_files.extension(path) == ".tsv":
        warn(f"{path} has no header; its two columns are read as source and target")
    good, incomplete = complete(rows)
    return good, problems + incomplete


def _mostly_different(rows: Sequence[Sequence[str]]) -> bool:
    columns = list(zip(*rows, strict=True))
    return len(rows) > 2 and all(len(set(cells)) > len(rows) // 2 for cells in columns)


BUILDER = PairBuilder("a .tsv, .csv or .jsonl file, a folder of them", matches, find, recognizes)
