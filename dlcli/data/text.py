"""Text sets: named splits of documents, with a class each or without.

A data set of text is `pydocs`, a file, or a folder:

- A `.txt` file is one raw text. Its first 90 % (in characters, as nanoGPT cuts) train, the rest validates. It has
  no test part: what a test part would take is missing in training or in validation, and published figures are of
  these. `eval` measures on `validation` then, and says so.
- A table (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text_files`) is divided by `dlcli.data.splits`: by the rows'
  numbers a fifth is `test`, a tenth `validation`.
- A folder with a file `train.ENDING`, and perhaps `validation.ENDING` (or `valid`, `val`, `dev`) and `test.ENDING`,
  has the splits of its files. What is missing is taken off training as above; test is never taken off raw text.
- A folder of other `.txt` files, also below it, has a document a file, divided by the SHA-256 of their names.
- `pydocs` is divided by the SHA-256 of the documents.

What is divided must have a text for each part.

Classes are the labels of the training part, in alphabetical order.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import splits, text_files
from dlcli.data.embedded import pydocs
from dlcli.data.findings import Finding, refuse
from dlcli.data.text_files import RAW, Row
from dlcli.errors import DatasetError, UsageError
from dlcli.nearest import nearest
from dlcli.paths import expanded

ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
TRAIN_SHARE = 0.9  # of a raw text


@dataclasses.dataclass(frozen=True, eq=False)
class Documents:
    """The documents of a split.

    Attributes:
        texts: one a document; a raw text is a single one.
        labels: class of each, int32 [document]; None where there are no classes.
        places: a name of each for a person, such as its line.
    """

    texts: Sequence[str]
    labels: np.ndarray | None = None
    places: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the texts and their labels."""
        digest = hashlib.sha256(b"" if self.labels is None else self.labels.tobytes())
        for text in self.texts:
            encoded = text.encode()
            digest.update(b"%d\n%s" % (len(encoded), encoded))
        return digest.hexdigest()

    @property
    def characters(self) -> int:
        """How many characters the texts have in all."""
        return sum(map(len, self.texts))


@dataclasses.dataclass(frozen=True, eq=False)
class TextSet:
    """A data set of text: `train`, `validation` and perhaps `test`; `classes` is empty without labels."""

    name: str
    splits: Mapping[str, Documents]
    classes: tuple[str, ...] = ()

    @property
    def sizes(self) -> dict[str, int]:
        """Documents in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    def counts(self, split: str) -> list[int]:
        """Return how many documents of each class a split has; none without labels."""
        labels = self.splits[split].labels
        return [] if labels is None else np.bincount(labels[labels >= 0], minlength=len(self.classes)).tolist()

    @property
    def example(self) -> str:
        """A document of the validation part."""
        return next((each for each in self.splits["validation"].texts if each.strip()), "")

    @property
    def digest(self) -> str:
        """SHA-256 of the training part."""
        return self.splits["train"].digest

    @property
    def measured(self) -> str:
        """The split that `eval` measures on: "test", or "validation" where there is no test."""
        return "test" if "test" in self.splits else "validation"


def embedded() -> dict[str, str]:
    """Return the names of the text sets that need no download, with a line on each."""
    return {"pydocs": f"docstrings of {', '.join(pydocs.LIBRARIES)}, labelled with their library"}


def claims(dataset: str) -> bool:
    """Tell whether a name has the form of a text set's."""
    path = expanded(dataset)
    return dataset in embedded() or text_files.is_text(path) or (dataset != "" and path.is_dir())


def open(dataset: str) -> TextSet:
    """Open a text set.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing, empty or not what it should be.
    """
    texts, findings = find(dataset)
    refuse(dataset, findings)
    return texts


def find(dataset: str) -> tuple[TextSet, list[Finding]]:
    """Open a text set as `open` does, but return what is wrong with its documents instead of raising it."""
    path = expanded(dataset)
    if dataset == "pydocs":
        found = _of_rows(dataset, {"train": _pydocs()}, splits.hashed)
    elif text_files.is_text(path):
        found = _of_files(dataset, {"train": path})
    elif path.is_dir():
        parts = _parts(path)
        found = _of_files(dataset, parts) if parts else _of_folder(dataset, path)
    else:
        raise _unknown(dataset)
    return found, _problems(found)


def _pydocs() -> list[tuple[str, Row]]:
    return [(text, Row(text, library, 0)) for text, library in pydocs.documents()]


def _of_files(name: str, files: Mapping[str, Path]) -> TextSet:
    kinds = {text_files.ending(path) == RAW for path in files.values()}
    if len(kinds) > 1:
        raise DatasetError(f"{name} must hold raw text or tables in all its splits, found both")
    if kinds == {True}:
        return _raw(name, {split: text_files.read(path) for split, path in files.items()})
    rows = {
        split: [(f"line {row.line} of {path}", row) for row in text_files.rows(path)] for split, path in files.items()
    }
    return _of_rows(name, rows, lambda places, given: splits.numbered(len(places), given))


def _raw(name: str, texts: Mapping[str, str]) -> TextSet:
    parts = dict(texts)
    if "validation" not in parts:
        cut = int(TRAIN_SHARE * len(parts["train"]))
        parts |= {"train": parts["train"][:cut], "validation": parts["train"][cut:]}
    in_order = [split for split in ALIASES if split in parts]
    return TextSet(name, {split: Documents((parts[split],), places=(f"{split} of {name}",)) for split in in_order})


def _of_folder(name: str, folder: Path) -> TextSet:
    paths = [path for path in folder.rglob("*") if path.is_file() and text_files.ending(path) == RAW]
    if not paths:
        raise DatasetError(
            f"{folder} must hold train.txt (or .tsv, .csv, .jsonl) or files that end in .txt, and holds neither",
            hint=f"a folder of images is folder:{folder}",
        )
    named = sorted((path.relative_to(folder).as_posix(), path) for path in paths)
    return _of_rows(
        name, {"train": [(place, Row(text_files.read(path), None, 1)) for place, path in named]}, splits.hashed
    )


def _of_rows(
    name: str,
    found: Mapping[str, Sequence[tuple[str, Row]]],
    divide: Callable[[Sequence[str], Mapping[str, object]], Mapping[str, np.ndarray]],
) -> TextSet:
    """Make the splits of rows, each with its place; what is missing is divided off the training ones."""
    train = found["train"]
    _refuse_few(name, len(train), [split for split in ALIASES if split == "train" or split not in found])
    parts = {split: [train[i] for i in taken] for split, taken in divide([place for place, _ in train], found).items()}
    parts |= {split: list(rows) for split, rows in found.items() if split != "train"}
    labelled = all(row.label is not None for rows in found.values() for _, row in rows)
    classes = sorted({str(row.label) for _, row in train}) if labelled else []
    number = {label: index for index, label in enumerate(classes)}
    made = {}
    for split in ALIASES:
        rows = parts[split]
        labels = np.array([number.get(str(row.label), -1) for _, row in rows], np.int32) if labelled else None
        made[split] = Documents([row.text for _, row in rows], labels, [place for place, _ in rows])
    return TextSet(name, made, tuple(classes))


def _refuse_few(name: str, count: int, shared: Sequence[str]) -> None:
    """Refuse texts that would leave a split empty which is divided off them, or training itself."""
    if len(shared) > 1 and count < len(shared):
        raise DatasetError(
            f"{name} must hold {len(shared)} texts or more to be divided into {_listed(shared)}, and holds {count}",
            hint="a folder with train.txt, validation.txt and test.txt (or .tsv, .csv, .jsonl) is not divided, and a "
            "single .txt file is cut in two",
        )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _parts(folder: Path) -> dict[str, Path]:
    """Return the file of each split that the folder has by its name."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        stem = path.name.partition(".")[0]
        split = next((split for split, names in ALIASES.items() if stem in names), None)
        if split and path.is_file() and text_files.is_text(path):
            if split in found:
                raise DatasetError(
                    f"{folder} must have one file for {split}, found {found[split].name} and {path.name}"
                )
            found[split] = path
    return found if "train" in found else {}


def _problems(texts: TextSet) -> list[Finding]:
    """Find empty documents and splits, and classes that training lacks."""
    findings = []
    if empty := [name for name, split in texts.splits.items() if not len(split)]:
        message = f"{_listed(empty)} must hold a text or more, found none"
        findings.append(Finding("few examples", empty[0] if len(empty) == 1 else "", ", ".join(empty), message))
    for name, split in texts.splits.items():
        for place, text in zip(split.places, split.texts, strict=True):
            if not text.strip():
                findings.append(Finding("empty", name, place, f"{place} must hold a text, and is empty"))
        if split.labels is not None:
            for place in (split.places[index] for index in np.flatnonzero(split.labels < 0)):
                findings.append(Finding("classes", name, place, f"{place} is of a class that training lacks"))
    return findings


def _unknown(dataset: str) -> UsageError:
    forms = (
        "pydocs, a file that ends in .txt, .tsv, .csv or .jsonl, one of them packed as .xz or .gz, or a folder of them"
    )
    near = nearest(dataset, embedded())
    meant = f": did you mean {near[0]}?" if near else ""
    return UsageError(f"a text set must be {forms}, got {dataset!r}{meant}", hint="`dlcli data list` names those here")
