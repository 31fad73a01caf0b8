"""Sets of pairs: named splits of texts, a source and a target each.

A set of pairs is `dates`, a file, or a folder:

- A table (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text_files`) has columns `source` and `target`; a `.tsv` without
  names holds `source<TAB>target`. By the rows' numbers a fifth is `test`, a tenth `validation` (`dlcli.data.splits`).
- A folder with a table `train.ENDING`, and perhaps `validation.ENDING` (or `valid`, `val`, `dev`) and `test.ENDING`.
- FOLDER:ONE-TWO has parallel files, a line a text: `train.ONE` the sources and `train.TWO` the targets, and likewise
  for the other splits. A test file may have more to its name, as `test_2016_flickr.de`.

What is missing of a folder is taken off training as of a table.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data import splits, text_files
from dlcli.data.embedded import dates
from dlcli.data.findings import Finding, Malformed, no_examples, refuse
from dlcli.errors import DatasetError, UsageError
from dlcli.nearest import nearest
from dlcli.paths import expanded

ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
_PARALLEL = re.compile(r"(?P<folder>.+):(?P<source>\w+)-(?P<target>\w+)")


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


def claims(dataset: str) -> bool:
    """Tell whether a name is that of a set of pairs: an embedded one, parallel files, or tables that say `source`."""
    path, parallel = expanded(dataset), _PARALLEL.fullmatch(dataset)
    if path.is_dir():
        path = next(
            (each for each in sorted(path.glob("train.*")) if text_files.ending(each) in text_files.TABLES), path
        )
    named = path.is_file() and text_files.ending(path) in text_files.TABLES and text_files.names(path, "source")
    return dataset in embedded() or named or bool(parallel and expanded(parallel["folder"]).is_dir())


def open(dataset: str) -> PairSet:
    """Open a set of pairs.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing, empty or not what it should be.
    """
    found, findings = find(dataset)
    refuse(dataset, findings)
    return found


def find(dataset: str) -> tuple[PairSet, list[Finding]]:
    """Open a set of pairs as `open` does, but return what is wrong with its pairs instead of raising it."""
    path = expanded(dataset)
    if dataset == "dates":
        rows = {split: _dates(split) for split in dates.COUNTS}
    elif text_files.ending(path) in text_files.TABLES:
        rows = {"train": _table(path)}
    elif path.is_dir():
        rows = {split: _table(each) for split, each in _tables(path).items()}
    elif parallel := _PARALLEL.fullmatch(dataset):
        rows = _parallel(expanded(parallel["folder"]), parallel["source"], parallel["target"])
    else:
        raise _unknown(dataset)
    found = PairSet(dataset, {split: _pairs(each) for split, each in _divided(rows).items()})
    return found, _problems(found)


def check(dataset: str) -> list[Finding]:
    """Return everything that is wrong with a set of pairs.

    Raises:
        DatasetError: the set cannot be opened at all.
    """
    try:
        return find(dataset)[1]
    except Malformed as error:
        return list(error.findings)


Row = tuple[str, str, str]  # place, source, target


def _dates(split: str) -> list[Row]:
    return [(f"date {number} of {split}", each.source, each.target) for number, each in enumerate(dates.dates(split))]


def _table(path: Path) -> list[Row]:
    cells = text_files.table(path, ("source", "target"))
    return [(f"line {line} of {path}", row["source"], row["target"]) for line, row in cells]


def _tables(folder: Path) -> dict[str, Path]:
    """Return the table of each split that the folder has by its name."""
    files = [path for path in sorted(folder.iterdir()) if text_files.ending(path) in text_files.TABLES]
    found = _by_split(folder, files)
    if "train" not in found:
        hint = f"parallel files such as train.de and train.en are {folder}:de-en"
        raise DatasetError(f"{folder} must hold train.tsv, train.csv or train.jsonl, and holds none", hint=hint)
    return found


def _parallel(folder: Path, source: str, target: str) -> dict[str, list[Row]]:
    parts = {}
    for language in (source, target):
        files = [path for path in sorted(folder.glob(f"*.{language}")) if path.is_file()]
        parts[language] = _by_split(folder, files)
        if "train" not in parts[language]:
            raise DatasetError(f"{folder} must hold train.{language}, and does not")
    if parts[source].keys() != parts[target].keys():
        raise DatasetError(f"{folder} must have a file of {source} and one of {target} for every split")
    return {split: _lines(parts[source][split], parts[target][split]) for split in parts[source]}


def _lines(source: Path, target: Path) -> list[Row]:
    one, other = (text_files.read(path).removesuffix("\n").split("\n") for path in (source, target))
    if len(one) != len(other):
        raise DatasetError(f"{source} and {target} must have as many lines, found {len(one):,} and {len(other):,}")
    numbered = enumerate(zip(one, other, strict=True), 1)
    return [(f"line {line} of {source}", left.strip(), right.strip()) for line, (left, right) in numbered]


def _by_split(folder: Path, files: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        stem = re.split(r"[^A-Za-z]", path.name)[0]
        split = next((split for split, names in ALIASES.items() if stem in names), None)
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


def _problems(pairs: PairSet) -> list[Finding]:
    """Find empty splits and pairs without a source or a target."""
    findings = []
    for name, split in pairs.splits.items():
        findings += no_examples(name, len(split))
        for place, source, target in zip(split.places, split.sources, split.targets, strict=True):
            if not (source.strip() and target.strip()):
                findings.append(Finding("empty", name, place, f"{place} must hold a source and a target"))
    return findings


def _unknown(dataset: str) -> UsageError:
    forms = "dates, a file that ends in .tsv, .csv or .jsonl, a folder of them, or FOLDER:SOURCE-TARGET"
    near = nearest(dataset, embedded())
    meant = f": did you mean {near[0]}?" if near else ""
    return UsageError(f"a set of pairs must be {forms}, got {dataset!r}{meant}")
