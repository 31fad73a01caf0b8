"""Texts in tables of Apache Arrow: `.parquet` files, and folders that Hugging Face's `save_to_disk` wrote.

See `dlcli.data.arrow`. The column `text` has the texts, and `label` their classes: numbers or texts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.data import arrow
from dlcli.data.problems import Problem, without_text
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions, resolve
from dlcli.data.text.large import large_texts, unpacked
from dlcli.data.text.large.row_source import Entry, Source
from dlcli.data.text.rows import Found, Row, text_set, unlabelled
from dlcli.data.text.sets import TextSet


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
    if not options.in_memory and tables.size(chosen["text"]) > large_texts.LARGE:
        return unpacked.text_set(_source(tables, chosen["text"], label))
    found: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for split in tables.files:
        found[split], bad = _read(tables, split, chosen["text"], label)
        problems += [dataclasses.replace(each, split=split if len(tables.files) > 1 else "") for each in bad]
    return text_set(dataset, found, problems)


def _source(tables: arrow.Tables, text: str, label: str | None) -> Source:
    columns = [text] if label is None else [text, label]
    names = None if label is None else tables.class_names(label)

    def entries() -> Iterator[Entry]:
        for split in tables.files:
            for number, (each, *rest) in enumerate(tables.rows(split, columns), 1):
                found = arrow.label(names, rest[0]) if rest else None
                yield Entry(split, number, _text(each), found, found or "")

    parts = {split: f"{split} of {tables.name}" for split in tables.files}
    return Source(tables.name, tables.state(columns), parts, "row", entries, label is not None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read(tables: arrow.Tables, split: str, text: str, label: str | None) -> Found:
    texts = tables.read(split, [text])[text].to_pylist()
    labels: Sequence[str | None] = arrow.labels(tables, split, label) if label else [None] * len(texts)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, (each, name) in enumerate(zip(texts, labels, strict=True), 1):
        row = Row(_text(each), f"row {number} of {split} of {tables.name}", name, name or "")
        if not row.text.strip():
            problems.append(without_text(row.place))
        elif label and name is None:
            problems.append(unlabelled(row.place))
        else:
            rows.append(row)
    return rows, problems


BUILDER = TextBuilder("a .parquet file, a folder of save_to_disk", matches, find)
