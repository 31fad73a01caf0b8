"""Rows of text with their labels, and the text set that they form."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dlcli.data import splits
from dlcli.data.labels import normalized, visible
from dlcli.data.problems import Malformed, Problem
from dlcli.data.splits import ALIASES
from dlcli.data.text.sets import Documents, TextSet
from dlcli.errors import DatasetError
from dlcli.options.fields import listed

Divide = Callable[[Sequence[str], Mapping[str, object]], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Row:
    """A text with its class.

    Attributes:
        text: the document.
        place: where it comes from, such as "line 3 of set.tsv".
        label: its class; None without classes.
        written: the label as it is written in the data, with surrounding white space.
    """

    text: str
    place: str
    label: str | None = None
    written: str = ""


Found = tuple[list[Row], list[Problem]]  # the usable rows, and the problems of the others


def by_number(places: Sequence[str], given: Mapping[str, object]) -> Mapping[str, np.ndarray]:
    """Divide rows by their numbers; see `dlcli.data.splits`."""
    return splits.numbered(len(places), given)


def by_name(places: Sequence[str], given: Mapping[str, object]) -> Mapping[str, np.ndarray]:
    """Divide rows by the hashes of their places; see `dlcli.data.splits`."""
    return splits.hashed(places, given)


def text_set(
    name: str, found: Mapping[str, Sequence[Row]], problems: Sequence[Problem], divide: Divide = by_number
) -> tuple[TextSet, list[Problem]]:
    """Build a text set from the rows of its splits; missing splits are divided off the training rows.

    Args:
        name: of the set.
        found: rows of `train`, and perhaps of other splits.
        problems: problems found so far.
        divide: maps the places of the training rows and the given splits to the indices of each missing split.

    Returns:
        The set, and the problems including the rows of classes that training lacks.

    Raises:
        DatasetError: too few rows remain; the error contains the problems, which may be the cause.
    """
    train = found["train"]
    shared = [split for split in ALIASES if split == "train" or split not in found]
    refuse_few(name, len(train), shared, problems)
    parts = {split: [train[i] for i in taken] for split, taken in divide([row.place for row in train], found).items()}
    parts |= {split: list(rows) for split, rows in found.items() if split != "train"}
    if not all(row.label is not None for rows in found.values() for row in rows):
        return TextSet(name, {split: _documents(parts[split]) for split in ALIASES}), list(problems)
    classes = sorted({str(row.label) for row in train})
    documents = {split: _documents(parts[split], classes) for split in ALIASES}
    written = Counter(row.written for rows in found.values() for row in rows)
    return TextSet(name, documents, tuple(classes), written), [*problems, *_unknown_classes(parts, classes)]


def _documents(rows: Sequence[Row], classes: Sequence[str] | None = None) -> Documents:
    labels = None
    if classes is not None:
        ids = {label: index for index, label in enumerate(classes)}
        labels = np.array([ids.get(str(row.label), -1) for row in rows], np.int32)
    return Documents([row.text for row in rows], labels, [row.place for row in rows])


def _unknown_classes(parts: Mapping[str, Sequence[Row]], classes: Sequence[str]) -> list[Problem]:
    """Return the rows of classes that training lacks."""
    unknown = UnknownClasses(classes)
    found = [unknown.problem(split, row.place, str(row.label)) for split, rows in parts.items() for row in rows]
    return [each for each in found if each]


class UnknownClasses:
    """Finds the rows of classes that training lacks."""

    def __init__(self, classes: Sequence[str]):
        self._known, self._forms = set(classes), {normalized(name): name for name in classes}

    def problem(self, split: str, place: str, label: str) -> Problem | None:
        """Return the problem of a row of an unknown class."""
        if label in self._known:
            return None
        same = self._forms.get(normalized(label))
        alike = f", which has {visible(same)}" if same is not None else ""
        message = f"{place} has the class {visible(label)}, which is missing in training{alike}"
        return Problem("classes", split, place, message)


def unlabelled(place: str) -> Problem:
    """Return the problem of a row without a label."""
    return Problem("unlabelled", "", place, f"{place} must have a label, as other rows do", skippable=True)


def refuse_few(name: str, count: int, shared: Sequence[str], problems: Sequence[Problem]) -> None:
    """Raise an error if dividing `count` rows would leave a split empty; it contains the problems, if there are any."""
    if count < len(shared) and (bad := [each for each in problems if not each.harmless]):
        raise Malformed(name, bad)
    if len(shared) > 1 and count < len(shared):
        raise DatasetError(
            f"{name} must contain at least {len(shared)} texts to be divided into {listed(shared, 'and')}, "
            f"found {count}",
            hint="a folder with train.txt, validation.txt and test.txt (or .tsv, .csv, .jsonl) is not divided, and a "
            "single .txt file is cut in two",
        )
