"""A folder of parallel files: line N of one file is the translation of line N of the other.

FOLDER:ONE-TWO has sources in `train.ONE` and targets in `train.TWO`, and the same for the other splits. The name of a
file may continue after the split, as in `test_2016_flickr.de`. A folder with parallel files of exactly two languages
needs no `:ONE-TWO`: the source is the first by name. Missing splits are taken off training.
"""

from __future__ import annotations

import re
from pathlib import Path

from dlcli.data import text_files
from dlcli.data.problems import Problem
from dlcli.data.text.builder import PairBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.pairs import Found, PairSet, complete, pair_set
from dlcli.data.text.sources.pair_table import train_table
from dlcli.data.text.split_files import by_split, split_begun
from dlcli.errors import DatasetError
from dlcli.files import split_lines
from dlcli.notices import warn

_NAME = re.compile(r"(?P<folder>.+):(?P<source>\w+)-(?P<target>\w+)")
_LANGUAGE = re.compile(r"\.[a-z]{2,8}([-_][a-z]+)?")  # extension of a parallel file, such as .de, .zh_cn or .source


def matches(dataset: str) -> bool:
    """Return whether a name has the form FOLDER:ONE-TWO, or is that of a folder without a table for training."""
    path = text_files.located(dataset)
    return train_table(path) is None if path.is_dir() else _NAME.fullmatch(dataset) is not None


def recognizes(dataset: str, options: ReadOptions) -> bool:
    """Return whether the folder exists, and contains parallel files if the name leaves out the languages."""
    path = text_files.located(dataset)
    if not path.is_dir():
        return (name := _NAME.fullmatch(dataset)) is not None and text_files.located(name["folder"]).is_dir()
    return not (options.text_column or options.label_column) and len(_languages(path)) > 1


def find(dataset: str, options: ReadOptions) -> tuple[PairSet, list[Problem]]:
    """Pair the lines of the files of each split."""
    folder, source, target = _parsed(dataset)
    parts = {language: _files(folder, language) for language in (source, target)}
    one, other = parts[source], parts[target]
    if unpaired := sorted(one.keys() ^ other.keys()):
        there, missing = (source, target) if unpaired[0] in one else (target, source)
        raise DatasetError(
            f"{folder} must have a file of {source} and one of {target} for every split, "
            f"found {(one | other)[unpaired[0]].name} ({there}) and none of {missing}"
        )
    found = {split: _paired(path, other[split]) for split, path in one.items()}
    return pair_set(dataset, found, flags=options.flags)


def _parsed(dataset: str) -> tuple[Path, str, str]:
    """Return the folder, the source language and the target language of a name."""
    folder = text_files.located(dataset)
    if not folder.is_dir() and (name := _NAME.fullmatch(dataset)):
        return text_files.located(name["folder"]), name["source"], name["target"]
    languages = _languages(folder)
    if len(languages) == 2:
        source, target = languages
        warn(f"{folder} is read as {folder}:{source}-{target}: from {source} to {target}")
        return folder, source, target
    if languages:
        raise DatasetError(
            f"{folder} needs the names of two languages, as in {folder}:de-en, found training files of: "
            f"{', '.join(languages)}",
            hint=f"{folder}:{languages[0]}-{languages[-1]}" if len(languages) > 1 else "",
        )
    raise DatasetError(
        f"{folder} must contain train.tsv, train.csv or train.jsonl, found none",
        hint=f"parallel files such as train.de and train.en are {folder}:de-en",
    )


def _languages(folder: Path) -> list[str]:
    """Return the extensions of the parallel training files in a folder, such as "de" and "en"."""
    found = {
        text_files.extension(path)
        for path in text_files.in_folder(folder)
        if split_begun(path) == "train" and not text_files.is_text(path) and not path.is_dir()
    }
    return sorted(extension[1:] for extension in found if _LANGUAGE.fullmatch(extension))


def _files(folder: Path, language: str) -> dict[str, Path]:
    """Return the file of each split in a language."""
    extension = f".{language.lower()}"
    paths = [
        path for path in text_files.in_folder(folder) if text_files.extension(path) == extension and not path.is_dir()
    ]
    found = by_split(folder, paths, split_begun)
    if "train" not in found:
        raise DatasetError(f"{folder} must contain train.{language}, found none")
    return found


def _paired(source: Path, target: Path) -> Found:
    """Pair the lines of two files; a line that is not UTF-8 is left out of both."""
    (left, bad), (right, worse) = text_files.decoded(source), text_files.decoded(target)
    sources, targets = split_lines(left), split_lines(right)
    if len(sources) != len(targets):
        raise DatasetError(
            f"{source} and {target} must have the same number of lines, found {len(sources):,} and {len(targets):,}"
        )
    numbered = enumerate(zip(sources, targets, strict=True), 1)
    rows = [(f"line {line} of {source}", one.strip(), other.strip()) for line, (one, other) in numbered]
    if bad or worse:
        rows = [row for row in rows if not text_files.BAD_BYTES.search(row[1] + row[2])]
    good, incomplete = complete(rows)
    return good, bad + worse + incomplete


BUILDER = PairBuilder("FOLDER:SOURCE-TARGET", matches, find, recognizes)
