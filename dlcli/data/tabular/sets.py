"""A table of numbers, divided into splits, with classes or a real number as target."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.data import splits
from dlcli.data.problems import Problem
from dlcli.data.tabular.builder import Rows, Source, Task

MOST_INTEGERS = 20  # largest number of different integers that a target has as classes
_MOST_CLASSES = 1_000


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """The examples of a split.

    Attributes:
        features: float64 [example, feature].
        target: class indices, int32 [example], or real numbers, float64 [example].
        places: where each example comes from.
    """

    features: np.ndarray
    target: np.ndarray
    places: Sequence[str]

    def __len__(self) -> int:
        return len(self.target)

    def at(self, indices: np.ndarray) -> Split:
        """Return the examples at the indices, int64 [example]."""
        return Split(self.features[indices], self.target[indices], [self.places[index] for index in indices])


@dataclasses.dataclass(frozen=True, eq=False)
class TabularSet:
    """A table with the splits `train`, `validation` and `test`.

    Attributes:
        name: as the user gives it.
        features: names of the columns.
        target: name of the column to predict.
        classes: names of the classes; empty for regression.
        splits: by name.
    """

    name: str
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]

    @property
    def task(self) -> Task:
        """The task that the target determines."""
        return "classify" if self.classes else "regress"

    @property
    def sizes(self) -> dict[str, int]:
        """Number of examples in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    def counts(self, split: str) -> list[int]:
        """Return the number of examples of each class in a split."""
        return np.bincount(self.splits[split].target, minlength=len(self.classes)).tolist() if self.classes else []

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the training split."""
        train = self.splits["train"]
        digest = hashlib.sha256(repr((self.features, self.target, self.classes)).encode())
        for array in (train.features, train.target):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def limited(self, count: int) -> TabularSet:
        """Return the set with `count` training examples, balanced over the classes."""
        train = self.splits["train"]
        labels = train.target if self.classes else np.zeros(len(train), np.int64)
        return dataclasses.replace(self, splits={**self.splits, "train": train.at(splits.few(labels, count))})


def divide(name: str, source: Source, task: Task | None) -> tuple[TabularSet, list[Problem]]:
    """Decide the task by the target, and divide the rows into splits (see `dlcli.data.splits`).

    Strings, and integers of at most `MOST_INTEGERS` different values, are classes; other numbers are values to
    regress. `task` overrides this.

    Returns:
        The set, and problems of the target.
    """
    values = np.concatenate([rows.target for rows in source.parts.values()])
    classify = task == "classify" or (task is None and _are_classes(values))
    problems = _wrong_target(source.target, values, classify)
    classes: tuple[str, ...] = ()
    if classify:
        different, numbers = np.unique(values, return_inverse=True)
        classes, values = tuple(map(_text, different)), numbers.astype(np.int32)
    elif values.dtype.kind in "US":  # reported as a problem
        values = np.zeros(len(values))
    parts, start = {}, 0
    for split, rows in source.parts.items():
        end = start + len(rows.target)
        parts[split] = Split(rows.features, values[start:end], rows.places)
        start = end
    train = parts["train"]
    for split, indices in splits.numbered(len(train), parts).items() if len(train) else ():
        parts[split] = train.at(indices)
    ordered = {split: parts[split] for split in splits.ALIASES if split in parts}
    return TabularSet(name, source.features, source.target, classes, ordered), problems


def _are_classes(values: np.ndarray) -> bool:
    if values.dtype.kind in "USb":
        return True
    return bool((values == np.rint(values)).all()) and len(np.unique(values)) <= MOST_INTEGERS


def _wrong_target(name: str, values: np.ndarray, classify: bool) -> list[Problem]:
    if not classify and values.dtype.kind in "US":
        message = f"the target {name!r} must be numbers for --task regress, found texts such as {str(values[0])!r}"
        return [Problem("columns", "", name, message)]
    if classify and (count := len(np.unique(values))) > _MOST_CLASSES:
        message = f"the target {name!r} must have at most {_MOST_CLASSES:,} classes, found {count:,} different values"
        return [Problem("columns", "", name, message)]
    return []


def _text(value: np.generic) -> str:
    """Return the name of a class: 1.0 as "1"."""
    number = value.item()
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def of_rows(features: Sequence[Sequence[float]], target: Sequence[float | str], places: Sequence[str]) -> Rows:
    """Return rows from lists."""
    return Rows(np.asarray(features, np.float64).reshape(len(target), -1), np.asarray(target), places)
