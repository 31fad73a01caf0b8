"""Sets of pairs: named splits of texts, a source and a target each.

A set of pairs is `dates`, a file, or a folder:

- A table (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text.tables`) has columns `source` and `target`; a `.tsv` without
  names holds `source<TAB>target`. By the rows' numbers a fifth is `test`, a tenth `validation` (`dlcli.data.splits`).
- A folder with a table `train.ENDING`, and perhaps `validation.ENDING` (or `valid`, `val`, `dev`) and `test.ENDING`.
- FOLDER:ONE-TWO has parallel files, a text per line: `train.ONE` the sources and `train.TWO` the targets, and the same
  for the other splits. A test file may have more to its name, as `test_2016_flickr.de`.
- A folder of parallel files of two languages alone needs no `:ONE-TWO`: the source is the first by name.

What is missing of a folder is taken off training as of a table.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli import files
from dlcli.data import splits
from dlcli.data.problems import Malformed, Problem, no_examples, refuse, summarized
from dlcli.data.text import dates, tables
from dlcli.data.text import files as text_files
from dlcli.data.text.columns import USUAL, Reading
from dlcli.errors import DatasetError, UsageError
from dlcli.nearest import nearest
from dlcli.notices import warn

ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
_PARALLEL = re.compile(r"(?P<folder>.+):(?P<source>\w+)-(?P<target>\w+)")
_LANGUAGE = re.compile(r"\.[a-z]{2,8}([-_][a-z]+)?")  # ending of a parallel file, as .de, .zh_cn or .source


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of a split.

    Attributes:
        sources: one text a pair.
        targets: likewise.
        places: a name of each pair for a person, such as its line.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    places: Sequence[str]

    def __len__(self) -> int:
        return len(self.sources)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all texts."""
        digest = hashlib.sha256()
        for text in (*self.sources, *self.targets):
            encoded = text.encode()
            digest.update(b"%d\n%s" % (len(encoded), encoded))
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True, eq=False)
class PairSet:
    """A data set of pairs: `train`, `validation` and `test`."""

    name: str
    splits: Mapping[str, Pairs]

    @property
    def sizes(self) -> dict[str, int]:
        """Pairs in each split."""
        return {name: len(split) for name, split in self.splits.items()}


def embedded() -> dict[str, str]:
    """Return the names of the sets of pairs that need no download, with a line on each."""
    count = sum(dates.COUNTS.values())
    return {"dates": f"{count:,} dates in {len(dates.LOCALES)} locales, with their ISO forms"}


def claims(dataset: str, reading: Reading = USUAL) -> bool:
    """Tell whether a name is that of a set of pairs: an embedded one, parallel files, or tables of pairs.

    A table is one of pairs if options name their columns, if it has both columns and no text, or if it has two columns
    without names and most cells of either are different.
    """
    path, parallel = text_files.located(dataset), _PARALLEL.fullmatch(dataset)
    if dataset in embedded() or (parallel and os.path.isdir(text_files.located(parallel["folder"]))):
        return True
    if reading.text_column or reading.label_column:
        return False
    if os.path.isdir(path):
        first = next((each for each in text_files.listed(path) if _split_of(each) == "train" and _is_table(each)), None)
        if first is None:
            return len(_languages(path)) > 1
        path = first
    if reading.source_column or reading.target_column:
        return _is_table(path)
    if not _is_table(path):
        return False
    if tables.holds(path, USUAL.pairs):
        return not tables.holds(path, USUAL.text[1:])
    return not tables.holds(path, USUAL.text[1:]) and _differ(tables.headless(path))


def _differ(rows: Sequence[Sequence[str]]) -> bool:
    columns = list(zip(*rows, strict=True))
    return len(rows) > 2 and all(len(set(cells)) > len(rows) // 2 for cells in columns)


def open(dataset: str, reading: Reading = USUAL) -> PairSet:
    """Open a set of pairs.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing, empty or not what it should be.
    """
    found, findings = find(dataset, reading)
    refuse(dataset, findings, skip_bad=reading.skip_bad, flags=reading.flags)
    for note in summarized(findings):
        warn(note)
    return found


def find(dataset: str, reading: Reading = USUAL) -> tuple[PairSet, list[Problem]]:
    """Open a set of pairs as `open` does, but return what is wrong with its pairs instead of raising it.

    The set lacks the pairs that cannot be used.
    """
    path, parallel = text_files.located(dataset), _PARALLEL.fullmatch(dataset)
    if dataset == "dates":
        read: dict[str, Found] = {split: (_dates(split), []) for split in dates.COUNTS}
    elif os.path.isdir(path):
        read = _of_folder(path, reading)
    elif _is_table(path):
        read = {"train": _table(path, reading)}
    elif parallel:
        read = _parallel(text_files.located(parallel["folder"]), parallel["source"], parallel["target"])
    else:
        raise _unknown(dataset)
    findings = [
        dataclasses.replace(each, split=split if len(read) > 1 else "")
        for split, (_, bad) in read.items()
        for each in bad
    ]
    rows = {split: good for split, (good, _) in read.items()}
    found = PairSet(dataset, {split: _pairs(each) for split, each in _divided(rows).items()})
    if not all(found.sizes.values()) and (bad := [each for each in findings if not each.harmless]):
        raise Malformed(dataset, bad, flags=reading.flags)
    return found, findings + [each for name, size in found.sizes.items() for each in no_examples(name, size)]


def check(dataset: str, reading: Reading = USUAL) -> list[Problem]:
    """Return everything that is wrong with a set of pairs.

    Raises:
        DatasetError: the set cannot be opened at all.
    """
    try:
        return find(dataset, reading)[1]
    except Malformed as error:
        return list(error.problems)


Row = tuple[str, str, str]  # place, source, target
Found = tuple[list[Row], list[Problem]]


def _dates(split: str) -> list[Row]:
    return [(f"date {number} of {split}", each.source, each.target) for number, each in enumerate(dates.dates(split))]


def _table(path: Path, reading: Reading) -> Found:
    numbered, bad = tables.read(path, reading.pairs)
    rows = [(f"line {line} of {path}", row["source"], row["target"]) for line, row in numbered]
    if rows and numbered[0][0] == 1 and text_files.ending(path) == ".tsv":  # else its first line is a header
        warn(f"{path} has no header, and its two columns are read as source and target")
    good, empty = _whole(rows)
    return good, bad + empty


def _whole(rows: Sequence[Row]) -> Found:
    """Return the pairs that have both texts, and the others."""
    good = [row for row in rows if row[1].strip() and row[2].strip()]
    return good, [
        Problem("empty", "", place, f"{place} must hold a source and a target", skippable=True)
        for place, source, target in rows
        if not (source.strip() and target.strip())
    ]


def _of_folder(folder: Path, reading: Reading) -> dict[str, Found]:
    """Read the table of each split that the folder has by its name, or the parallel files of its two languages."""
    paths = text_files.listed(folder)
    found = _by_split(folder, [path for path in paths if _is_table(path)])
    if "train" in found:
        strays = [path for path in paths if path not in found.values() and not path.is_dir()]
        read = {split: _table(path, reading) for split, path in found.items()}
        read["train"][1].extend(text_files.skipped(strays, "it is no table of a split"))
        return read
    languages = _languages(folder)
    if len(languages) == 2:
        source, target = languages
        warn(f"{folder} is read as {folder}:{source}-{target}: from {source} to {target}")
        return _parallel(folder, source, target)
    if languages:
        known = ", ".join(languages)
        raise DatasetError(
            f"{folder} must name its two languages as in {folder}:de-en, found train files of: {known}",
            hint=f"{folder}:{languages[0]}-{languages[-1]}" if len(languages) > 1 else "",
        )
    hint = f"parallel files such as train.de and train.en are {folder}:de-en"
    raise DatasetError(f"{folder} must hold train.tsv, train.csv or train.jsonl, and holds none", hint=hint)


def _languages(folder: Path) -> list[str]:
    """Return the endings of the parallel training files in a folder, such as "de" and "en"."""
    found = {
        text_files.ending(path)
        for path in text_files.listed(folder)
        if _split_of(path) == "train" and not text_files.is_text(path) and not path.is_dir()
    }
    return sorted(ending[1:] for ending in found if _LANGUAGE.fullmatch(ending))


def _is_table(path: Path) -> bool:
    return text_files.ending(path) in text_files.TABLES


def _split_of(path: Path) -> str | None:
    """Return the split that a file's name begins with."""
    stem = re.split(r"[^a-z]", path.name.lower())[0]
    return next((split for split, names in ALIASES.items() if stem in names), None)


def _parallel(folder: Path, source: str, target: str) -> dict[str, Found]:
    parts = {}
    for language in (source, target):
        paths = [path for path in text_files.listed(folder) if text_files.ending(path) == f".{language.lower()}"]
        parts[language] = _by_split(folder, [path for path in paths if not path.is_dir()])
        if "train" not in parts[language]:
            raise DatasetError(f"{folder} must hold train.{language}, and does not")
    one, other = parts[source], parts[target]
    if lacking := sorted(one.keys() ^ other.keys()):
        there, missing = (source, target) if lacking[0] in one else (target, source)
        raise DatasetError(
            f"{folder} must have a file of {source} and one of {target} for every split, "
            f"found {(one | other)[lacking[0]].name} ({there}) and none of {missing}"
        )
    return {split: _lines(one[split], other[split]) for split in one}


def _lines(source: Path, target: Path) -> Found:
    """Pair the lines of two files; those that are not UTF-8 are left out of both."""
    (one, bad), (other, worse) = text_files.decoded(source), text_files.decoded(target)
    left, right = files.split_lines(one), files.split_lines(other)
    if len(left) != len(right):
        raise DatasetError(f"{source} and {target} must have as many lines, found {len(left):,} and {len(right):,}")
    numbered = enumerate(zip(left, right, strict=True), 1)
    rows = [(f"line {line} of {source}", each.strip(), its.strip()) for line, (each, its) in numbered]
    if bad or worse:
        rows = [row for row in rows if not text_files.BAD_BYTES.search(row[1] + row[2])]
    good, empty = _whole(rows)
    return good, bad + worse + empty


def _by_split(folder: Path, paths: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        split = _split_of(path)
        if split in found:
            raise DatasetError(f"{folder} must have one file for {split}, found {found[split].name} and {path.name}")
        if split:
            found[split] = path
    return found


def _divided(rows: Mapping[str, Sequence[Row]]) -> dict[str, Sequence[Row]]:
    """Return all splits in order; what is missing is divided off the training rows."""
    train = rows["train"]
    parts = {split: [train[i] for i in taken] for split, taken in splits.numbered(len(train), rows).items()}
    parts |= {split: list(each) for split, each in rows.items() if split != "train"}
    return {split: parts[split] for split in ALIASES}


def _pairs(rows: Sequence[Row]) -> Pairs:
    places, sources, targets = zip(*rows, strict=True) if rows else ((), (), ())
    return Pairs(sources, targets, places)


def _unknown(dataset: str) -> UsageError:
    forms = "dates, a file that ends in .tsv, .csv or .jsonl, a folder of them, or FOLDER:SOURCE-TARGET"
    near = nearest(dataset, embedded())
    meant = f": did you mean {near[0]}?" if near else ""
    return UsageError(f"a set of pairs must be {forms}, got {dataset!r}{meant}")
