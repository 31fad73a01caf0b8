"""Texts in tables of Apache Arrow: `.parquet` files, and folders that Hugging Face's `save_to_disk` wrote.

See `dlcli.data.arrow`. The column `text` has the texts, and `label` their classes: numbers or texts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.data import arrow
from dlcli.data.problems import Problem, without_text
from dlcli.data.text import large_texts, unpacked
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions, resolve
from dlcli.data.text.rows import Found, Row, text_set
from dlcli.data.text.sets import TextSet
from dlcli.data.text.sources.table import unlabelled


def matches(dataset: str) -> bool:
    """Return whether a name is of tables; one with a column of images is an image set before it is a text set."""
    found = arrow.located(dataset)
    return found is not None and "train" in found.files


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the tables.

    Raises:
        DatasetError: a file cannot be read, or lacks a column.
    """
    tables = arrow.located(dataset)
    assert tables is not None
    header = list(arrow.columns(dataset)) or tables.schema().names
    chosen = {role: header[index] for role, index in resolve(Path(dataset), header, options.text).items()}
    label = chosen.get("label") if options.labels else None
    if label is None and not options.in_memory and tables.size(chosen["text"]) > large_texts.LARGE:
        return unpacked.text_set(
            dataset, tables.state(chosen["text"]), list(tables.files), _texts(tables, chosen["text"])
        )
    found: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for split in tables.files:
        found[split], bad = _read(tables, split, chosen["text"], label)
        problems += bad
    return text_set(dataset, found, problems)


def _texts(tables: arrow.Tables, column: str) -> unpacked.Rows:
    def rows() -> Iterator[tuple[str, int, str]]:
        for split in tables.files:
            values = itertools.chain.from_iterable(tables.batches(split, column))
            for number, each in enumerate(values, 1):
                yield split, number, each if isinstance(each, str) else ""

    return rows


def _read(tables: arrow.Tables, split: str, text: str, label: str | None) -> Found:
    texts = tables.read(split, [text])[text].to_pylist()
    labels: Sequence[str | None] = arrow.labels(tables, split, label) if label else [None] * len(texts)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, (each, name) in enumerate(zip(texts, labels, strict=True), 1):
        row = Row(each if isinstance(each, str) else "", f"row {number} of {split} of {tables.name}", name, name or "")
        if not row.text.strip():
            problems.append(without_text(row.place))
        elif label and name is None:
            problems.append(unlabelled(row))
        else:
            rows.append(row)
    return rows, problems


BUILDER = TextBuilder("a .parquet file, a folder of save_to_disk", matches, find)
