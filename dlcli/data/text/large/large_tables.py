"""Tables of texts larger than memory (`.tsv`, `.csv`, `.jsonl`): read row by row, and unpacked into the cache."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.problems import Problem
from dlcli.data.text import tables
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import decompressed, large_texts, unpacked
from dlcli.data.text.large.file_lines import FileLines
from dlcli.data.text.large.row_source import Entry, Source
from dlcli.data.text.sets import TextSet
from dlcli.errors import DatasetError
from dlcli.notices import silenced


def are_large(paths: Sequence[Path]) -> bool:
    """Return whether tables are too large to be read as a whole."""
    found = [path for path in paths if text_files.is_table(path) and path.is_file()]
    return len(found) == len(paths) and sum(map(decompressed.size, found)) > large_texts.LARGE


def text_set(name: str, paths: Mapping[str, Path], options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Return the set of the table of each split, and the problems of their rows.

    Raises:
        DatasetError: a file cannot be read, or lacks a column.
        DiskError: the cache cannot be written.
    """
    found = [(split, path.resolve(), path.stat()) for split, path in paths.items()]
    state = str([(split, str(path), each.st_size, each.st_mtime_ns) for split, path, each in found])
    opened = functools.cache(functools.partial(_opened, options))

    def entries() -> Iterator[Entry | Problem]:
        for split, path in paths.items():
            for number, row in opened(path).rows():
                if isinstance(row, Problem):
                    yield source.of_split(row, split)
                else:
                    label = row.get("label")
                    yield Entry(split, number, row["text"], None if label is None else label.strip(), label or "")

    labelled = None if options.labels else False
    parts = {split: str(path) for split, path in paths.items()}
    source = Source(name, f"{state}\n{options.text}", parts, "line", entries, labelled)
    return unpacked.text_set(source)


def head(path: Path, options: ReadOptions) -> list[tuple[int, tables.Cells]]:
    """Return the lines and the cells of the first rows of a table, with the notes that reading it gives."""
    with contextlib.suppress(DatasetError):  # reading the whole file raises it, if it holds for the whole file
        lines = tables.lines_of(path, text_files.head(path))
        found = tables.Table(path, lines, options.text).rows()
        return [(number, row) for number, row in found if not isinstance(row, Problem)]
    return []


def _opened(options: ReadOptions, path: Path) -> tables.Table:
    (plain,) = decompressed.plain([path])
    lines = FileLines(plain, keep_returns=tables.keeps_returns(path))
    if lines.classic:
        raise tables.classic_ends(path)
    with silenced():  # `head` has given the notes
        return tables.Table(path, lines, options.text)
