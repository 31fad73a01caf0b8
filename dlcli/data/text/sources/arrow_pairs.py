"""Pairs in tables of Apache Arrow: `.parquet` files, and folders that Hugging Face's `save_to_disk` wrote.

See `dlcli.data.arrow`. The columns `source` and `target` have the texts.
"""

from __future__ import annotations

from pathlib import Path

from dlcli.data import arrow
from dlcli.data.problems import Problem
from dlcli.data.text.builder import PairBuilder
from dlcli.data.text.columns import DEFAULT, ReadOptions, resolve
from dlcli.data.text.columns import matches as matching
from dlcli.data.text.pairs import Found, PairSet, complete, pair_set


def matches(dataset: str) -> bool:
    """Return whether a name is of tables."""
    found = arrow.located(dataset)
    return found is not None and "train" in found.files


def recognizes(dataset: str, options: ReadOptions) -> bool:
    """Return whether tables contain pairs rather than texts: options name their columns, or both have their names."""
    if options.text_column or options.label_column:
        return False
    if options.source_column or options.target_column:
        return True
    header = list(arrow.columns(dataset))
    return matching(header, DEFAULT.pairs) == len(DEFAULT.pairs) and not matching(header, DEFAULT.text[1:])


def find(dataset: str, options: ReadOptions) -> tuple[PairSet, list[Problem]]:
    """Read the tables.

    Raises:
        DatasetError: a file cannot be read, or lacks a column.
    """
    tables = arrow.located(dataset)
    assert tables is not None
    header = list(arrow.columns(dataset)) or tables.schema().names
    chosen = {role: header[index] for role, index in resolve(Path(dataset), header, options.pairs).items()}
    found = {split: _read(tables, split, chosen["source"], chosen["target"]) for split in tables.files}
    return pair_set(dataset, found, flags=options.flags)


def _read(tables: arrow.Tables, split: str, source: str, target: str) -> Found:
    table = tables.read(split, [source, target])
    pairs = zip(table[source].to_pylist(), table[target].to_pylist(), strict=True)
    return complete(
        [
            (f"row {number} of {split} of {tables.name}", _text(source), _text(target))
            for number, (source, target) in enumerate(pairs, 1)
        ]
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


BUILDER = PairBuilder("a .parquet file, a folder of save_to_disk", matches, find, recognizes)
