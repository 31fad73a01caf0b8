"""A folder of text files.

- With a file `train.EXTENSION`, and perhaps `validation.EXTENSION` (or `valid`, `val`, `dev`) and `test.EXTENSION`,
  its splits are those files. Missing splits are taken off training as for a single file; test is never taken off a
  raw text.
- Otherwise each `.txt` file in it, or in a folder below it, is a document; the documents are divided by the SHA-256
  of their names. Hidden files, readmes and files of other kinds are skipped with a note.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.problems import Problem, without_text
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import large_texts
from dlcli.data.text.rows import Found, Row, by_name, text_set
from dlcli.data.text.sets import TextSet
from dlcli.data.text.sources import table
from dlcli.data.text.sources.raw_text import raw_text_set
from dlcli.data.text.split_files import by_split, split_named
from dlcli.errors import DatasetError
from dlcli.files import size_text


def matches(dataset: str) -> bool:
    """Return whether a name is that of a folder."""
    return dataset != "" and text_files.located(dataset).is_dir()


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the files of the splits, or the documents."""
    folder = text_files.located(dataset)
    paths = text_files.in_folder(folder)
    parts = by_split(folder, [path for path in paths if text_files.is_text(path) and not path.is_dir()], split_named)
    if "train" not in parts:
        chosen, stray = _chosen(folder)
        if not options.in_memory and large_texts.is_large(chosen):
            texts, problems = large_texts.folder(dataset, folder, chosen)
            return texts, problems + stray
        rows, problems = _documents(folder, chosen, stray)
        return text_set(dataset, {"train": rows}, problems, by_name)
    others = [path for path in paths if path not in parts.values() and not path.is_dir()]
    stray = text_files.skipped(others, "it is not the table or text of a split")
    texts, problems = _split_files(dataset, parts, options)
    return texts, problems + stray


def _split_files(name: str, parts: Mapping[str, Path], options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    are_raw = {text_files.extension(path) == text_files.RAW for path in parts.values()}
    if len(are_raw) > 1:
        raise DatasetError(f"{name} must contain raw texts or tables for all its splits, found both")
    if are_raw == {False}:
        return table.find_parts(name, parts, options)
    if not options.in_memory and large_texts.is_large(list(parts.values())):
        return large_texts.raw(name, parts), []
    raw: dict[str, str] = {}
    problems: list[Problem] = []
    for split, path in parts.items():
        raw[split], bad = text_files.raw(path)
        problems += [dataclasses.replace(each, split=split if len(parts) > 1 else "") for each in bad]
    return raw_text_set(name, raw), problems


def _chosen(folder: Path) -> tuple[list[Path], list[Problem]]:
    """Return the `.txt` files in a folder and the folders below it, by name, and the other files as problems.

    Raises:
        DatasetError: there are none.
    """
    paths = text_files.below(folder)
    chosen = [path for path in paths if text_files.is_document(path, folder)]
    if not chosen:
        raise _no_documents(folder, paths)
    return chosen, text_files.skipped(sorted({*paths} - {*chosen}), "it is not a .txt file of a document")


def _documents(folder: Path, chosen: Sequence[Path], stray: Sequence[Problem]) -> Found:
    """Read the documents of a folder.

    Raises:
        DatasetError: they are too large.
    """
    rows: list[Row] = []
    problems = list(stray)
    characters = 0
    for path in chosen:
        each = _document(path, path.relative_to(folder).as_posix())
        if isinstance(each, Problem):
            problems.append(each)
            continue
        rows.append(each)
        characters += len(each.text)
        if characters > text_files.LARGEST:
            raise DatasetError(f"{folder} must contain at most {size_text(text_files.LARGEST)} of text, found more")
    return rows, problems


def _document(path: Path, place: str) -> Row | Problem:
    try:
        row = Row(text_files.read(path), place)
    except DatasetError as error:
        return Problem("undecodable", "", place, str(error), skippable=True)
    return row if row.text.strip() else without_text(row.place)


def _no_documents(folder: Path, paths: Sequence[Path]) -> DatasetError:
    found = next(filter(text_files.is_table, paths), None)
    hint = f"for a table, give its path: {found}" if found else f"a folder of images is folder:{folder}"
    return DatasetError(
        f"{folder} must contain train.txt (or .tsv, .csv, .jsonl) or other .txt files, found neither", hint=hint
    )


BUILDER = TextBuilder("a folder of them", matches, find)
