"""Text sets: named splits of documents, with a class each or without.

A data set of text is `pydocs`, a file, or a folder:

- A `.txt` file is one raw text. Its first 90 % (in characters, as nanoGPT cuts) train, the rest validates. It has
  no test part: what a test part would take is missing in training or in validation, and published figures are of
  these. `eval` measures on `validation` then, and says so.
- A table (`.tsv`, `.csv`, `.jsonl`; see `dlcli.data.text.tables`) is divided by `dlcli.data.splits`: by the rows'
  numbers a fifth is `test`, a tenth `validation`.
- A folder with a file `train.ENDING`, and perhaps `validation.ENDING` (or `valid`, `val`, `dev`) and `test.ENDING`,
  has the splits of its files. What is missing is taken off training as above; test is never taken off raw text.
- A folder of other `.txt` files, also below it, has a document per file, divided by the SHA-256 of their names. Hidden
  files, readmes and files of other kinds are left out, which a note says.
- `pydocs` is divided by the SHA-256 of the documents.

What is divided must have a text for each part.

Classes are the labels of the training part without white space around them, in alphabetical order.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import splits
from dlcli.data.labels import form, visible
from dlcli.data.problems import Malformed, Problem, refuse, summarized
from dlcli.data.text import documents, pydocs
from dlcli.data.text import files as text_files
from dlcli.data.text.columns import USUAL, Reading
from dlcli.data.text.documents import Row
from dlcli.data.text.files import RAW
from dlcli.errors import DatasetError, UsageError
from dlcli.nearest import nearest
from dlcli.notices import warn

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
    """A data set of text: `train`, `validation` and perhaps `test`.

    Attributes:
        name: as the user gives it.
        splits: the documents by the names of their splits.
        classes: their names; empty without labels.
        labels: the labels as the data have them, white space included, and how many rows have each.
    """

    name: str
    splits: Mapping[str, Documents]
    classes: tuple[str, ...] = ()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)

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
    def eval_split(self) -> str:
        """The split that `eval` measures on: "test", or "validation" where there is no test."""
        return "test" if "test" in self.splits else "validation"


def embedded() -> dict[str, str]:
    """Return the names of the text sets that need no download, with a line on each."""
    return {"pydocs": f"docstrings of {', '.join(pydocs.LIBRARIES)}, labelled with their library"}


def claims(dataset: str) -> bool:
    """Tell whether a name has the form of a text set's."""
    path = text_files.located(dataset)
    return dataset in embedded() or text_files.is_text(path) or (dataset != "" and os.path.isdir(path))


def open(dataset: str, reading: Reading = USUAL) -> TextSet:
    """Open a text set.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: a file is missing, empty or not what it should be.
    """
    texts, findings = find(dataset, reading)
    refuse(dataset, findings, skip_bad=reading.skip_bad, flags=reading.flags)
    for note in summarized(findings):
        warn(note)
    return texts


def find(dataset: str, reading: Reading = USUAL) -> tuple[TextSet, list[Problem]]:
    """Open a text set as `open` does, but return what is wrong with its documents instead of raising it.

    The set lacks the documents that cannot be used.
    """
    path = text_files.located(dataset)
    if dataset == "pydocs":
        found, findings = _of_rows(dataset, {"train": _pydocs()}, [], splits.hashed)
    elif text_files.is_text(path) and not os.path.isdir(path):
        found, findings = _of_files(dataset, {"train": path}, reading)
    elif os.path.isdir(path):
        parts = _parts(path)
        found, findings = _of_files(dataset, parts, reading) if parts else _of_folder(dataset, path)
        if parts:
            others = [each for each in text_files.listed(path) if each not in parts.values() and not each.is_dir()]
            findings += text_files.skipped(others, "it is no table or text of a split")
    else:
        raise _unknown(dataset)
    return found, [*findings, *_problems(found)]


def _pydocs() -> list[Row]:
    return [Row(text, text, library, library) for text, library in pydocs.documents()]


def _of_files(name: str, files: Mapping[str, Path], reading: Reading) -> tuple[TextSet, list[Problem]]:
    kinds = {text_files.ending(path) == RAW for path in files.values()}
    if len(kinds) > 1:
        raise DatasetError(f"{name} must hold raw text or tables in all its splits, found both")
    raw: dict[str, str] = {}
    rows: dict[str, list[Row]] = {}
    findings: list[Problem] = []
    for split, path in files.items():
        if kinds == {True}:
            raw[split], bad = text_files.raw(path)
        else:
            rows[split], bad = documents.rows(path, reading)
        findings += [dataclasses.replace(each, split=split if len(files) > 1 else "") for each in bad]
    if kinds == {True}:
        return _raw(name, raw), findings
    findings += _unlabelled(rows, files)
    return _of_rows(name, rows, findings, lambda places, given: splits.numbered(len(places), given))


def _raw(name: str, texts: Mapping[str, str]) -> TextSet:
    parts = dict(texts)
    if "validation" not in parts:
        cut = int(TRAIN_SHARE * len(parts["train"]))
        parts |= {"train": parts["train"][:cut], "validation": parts["train"][cut:]}
    in_order = [split for split in ALIASES if split in parts]
    return TextSet(name, {split: Documents((parts[split],), places=(f"{split} of {name}",)) for split in in_order})


def _of_folder(name: str, folder: Path) -> tuple[TextSet, list[Problem]]:
    rows, findings = documents.of_folder(folder)
    return _of_rows(name, {"train": rows}, findings, splits.hashed)


def _of_rows(
    name: str,
    found: Mapping[str, Sequence[Row]],
    findings: Sequence[Problem],
    divide: Callable[[Sequence[str], Mapping[str, object]], Mapping[str, np.ndarray]],
) -> tuple[TextSet, list[Problem]]:
    """Make the splits of rows; what is missing is divided off the training ones.

    Returns:
        The set, and the findings with those of classes that training lacks.

    Raises:
        DatasetError: too few rows are left; the error has the findings, which may be why.
    """
    train = found["train"]
    shared = [split for split in ALIASES if split == "train" or split not in found]
    if len(train) < len(shared) and (bad := [each for each in findings if not each.harmless]):
        raise Malformed(name, bad)
    _refuse_few(name, len(train), shared)
    parts = {split: [train[i] for i in taken] for split, taken in divide([row.place for row in train], found).items()}
    parts |= {split: list(rows) for split, rows in found.items() if split != "train"}
    labelled = all(row.label is not None for rows in found.values() for row in rows)
    classes = sorted({str(row.label) for row in train}) if labelled else []
    number = {label: index for index, label in enumerate(classes)}
    made = {}
    for split in ALIASES:
        rows = parts[split]
        labels = np.array([number.get(str(row.label), -1) for row in rows], np.int32) if labelled else None
        made[split] = Documents([row.text for row in rows], labels, [row.place for row in rows])
    written = Counter(row.written for rows in found.values() for row in rows) if labelled else {}
    strangers = _strangers(parts, classes) if labelled else []
    return TextSet(name, made, tuple(classes), written), [*findings, *strangers]


def _strangers(parts: Mapping[str, Sequence[Row]], classes: Sequence[str]) -> list[Problem]:
    """Find the rows of classes that training lacks."""
    known, forms = set(classes), {form(name): name for name in classes}
    found = []
    for split, rows in parts.items():
        for row in rows:
            if (label := str(row.label)) not in known:
                alike = f", and has {visible(forms[form(label)])}" if form(label) in forms else ""
                message = f"{row.place} is of the class {visible(label)}, which training lacks{alike}"
                found.append(Problem("classes", split, row.place, message))
    return found


def _unlabelled(rows: Mapping[str, Sequence[Row]], files: Mapping[str, Path]) -> list[Problem]:
    """Find the files without labels, where others have some."""
    labelled = {split for split, found in rows.items() if found and found[0].label is not None}
    return [
        Problem("unlabelled", split, str(files[split]), f"{files[split]} must have labels, as other splits do")
        for split, found in rows.items()
        if labelled and found and split not in labelled
    ]


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
    paths = text_files.listed(folder)
    for path in paths:
        stem = path.name.lower().partition(".")[0]
        split = next((split for split, names in ALIASES.items() if stem in names), None)
        if split and text_files.is_text(path) and not path.is_dir():
            if split in found:
                raise DatasetError(
                    f"{folder} must have one file for {split}, found {found[split].name} and {path.name}"
                )
            found[split] = path
    if "train" not in found:
        return {}
    return found


def _problems(texts: TextSet) -> list[Problem]:
    """Find empty texts and splits."""
    findings = []
    if empty := [name for name, split in texts.splits.items() if not len(split)]:
        message = f"{_listed(empty)} must hold a text or more, found none"
        findings.append(Problem("few examples", empty[0] if len(empty) == 1 else "", ", ".join(empty), message))
    for name, split in texts.splits.items():
        for place, text in zip(split.places, split.texts, strict=True):
            if not text.strip():
                findings.append(Problem("empty", name, place, f"{place} must hold a text, and is empty"))
    return findings


def _unknown(dataset: str) -> UsageError:
    forms = (
        "pydocs, a file that ends in .txt, .tsv, .csv or .jsonl, one of them packed as .xz or .gz, or a folder of them"
    )
    near = nearest(dataset, embedded())
    meant = f": did you mean {near[0]}?" if near else ""
    return UsageError(f"a text set must be {forms}, got {dataset!r}{meant}", hint="`dlcli data list` names those here")
