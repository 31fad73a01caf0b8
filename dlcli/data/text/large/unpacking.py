"""Writes the texts of a table larger than memory, and their labels, to the files of `unpacked`.

The rows are read twice: for their labels and problems, and for their texts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO

import numpy as np

from dlcli import activity
from dlcli.data import cache, splits
from dlcli.data.problems import Problem, without_text
from dlcli.data.splits import ALIASES
from dlcli.data.text.large.file_pieces import SEPARATOR
from dlcli.data.text.large.row_source import Entry, Source
from dlcli.data.text.rows import UnknownClasses, refuse_few, unlabelled
from dlcli.errors import DatasetError

_REPORTED = 10_000  # rows between two reports of progress


def write(stem: cache.Stem, source: Source) -> None:
    """Write the files of all splits.

    Raises:
        DatasetError: a file cannot be read or changes meanwhile, or too few rows can be used.
        DiskError: the cache cannot be written.
    """
    survey, given = _Survey(source), list(source.parts)
    count, missing = survey.count("train"), [split for split in ALIASES if split == "train" or split not in given]
    refuse_few(source.name, count, missing, survey.problems)
    held_out = splits.held_out_numbers(count, given)
    classes = survey.classes
    unknown, problems = UnknownClasses(classes), survey.problems + _without_labels(source, survey)
    with contextlib.ExitStack() as opened:
        writers = {}
        for split in ALIASES:
            labels = _labels(survey, split, held_out) if classes else None
            file = opened.enter_context(cache.replacing(stem.path(f"{split}.txt")))
            writers[split] = _Writer(file, labels)
        for done, (split, entry) in enumerate(_divided(source, survey, held_out, problems), 1):
            writers[split].add(entry)
            if classes and (problem := unknown.problem(entry.split, source.place(entry), str(entry.label))):
                problems.append(problem)
            if done % _REPORTED == 0:
                activity.report(f"reading the rows of {source.name}", done, survey.total)
        activity.report("")
        if sum(writer.documents for writer in writers.values()) != sum(map(survey.count, given)):
            raise DatasetError(f"{source.name} has changed while it was read")
    for split, writer in writers.items():
        with cache.replacing(stem.path(f"{split}.npy")) as file:
            np.save(file, np.frombuffer(writer.rows, np.int64).reshape(-1, 2))
        with cache.replacing(stem.path(f"{split}.labels.npy")) as file:
            np.save(file, np.empty(0, np.int32) if writer.labels is None else writer.labels)
    names = [f"{split}.{kind}" for split in ALIASES for kind in ("txt", "npy", "labels.npy")]
    record = {
        "digests": {split: writer.digest.hexdigest() for split, writer in writers.items()},
        "sizes": {each: stem.path(each).stat().st_size for each in names},
        "classes": classes,
        "labels": survey.written if classes else {},
        "problems": [dataclasses.asdict(each) for each in problems],
    }
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(json.dumps(record).encode()))


def _divided(
    source: Source, survey: _Survey, held_out: Mapping[str, np.ndarray], problems: list[Problem]
) -> Iterator[tuple[str, Entry]]:
    """Yield the split of each row that can be used, and the row; append the problems of rows without a label."""
    following = iter([*sorted((number, split) for split, each in held_out.items() for number in each), (-1, "")])
    number, other = next(following)
    train = 0
    for entry in source.entries():
        if isinstance(entry, Problem) or not entry.text.strip():
            continue
        if survey.needs_labels(entry.split) and not entry.label:
            problems.append(source.of_split(unlabelled(source.place(entry)), entry.split))
        elif entry.split != "train":
            yield entry.split, entry
        else:
            yield (other if train == number else "train"), entry
            if train == number:
                number, other = next(following)
            train += 1


def _labels(survey: _Survey, split: str, held_out: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the classes of the documents of a split after the division, int32 [document]."""
    if split in held_out:
        return survey.labels("train")[held_out[split]]
    labels = survey.labels(split)
    return np.delete(labels, np.concatenate(list(held_out.values()))) if split == "train" and held_out else labels


def _without_labels(source: Source, survey: _Survey) -> list[Problem]:
    """Return the splits without labels, if others have labels."""
    bare = [split for split in source.parts if survey.count(split) and not survey.needs_labels(split)]
    if not any(survey.needs_labels(split) for split in source.parts):
        return []
    return [
        Problem("unlabelled", split, source.parts[split], f"{source.parts[split]} must have labels, as other splits do")
        for split in bare
    ]


class _Survey:
    """The labels of all rows, and the problems of those that have no text or cannot be read.

    Attributes:
        problems: of the rows so far.
        written: the labels as they are written, and their counts.
        without: number of rows with text but without a label, by split.
        total: number of rows with text.
    """

    def __init__(self, source: Source):
        self.problems: list[Problem] = []
        self.written: Counter[str] = Counter()
        self.without = dict.fromkeys(source.parts, 0)
        self.total = 0
        self._numbers: dict[str, int] = {}  # of the labels, in the order of their first rows
        self._labels = {split: array("i") for split in source.parts}
        self._source = source
        for entry in source.entries():
            if isinstance(entry, Problem):
                self.problems.append(entry)
            elif entry.text.strip():
                self._add(entry)
            else:
                self.problems.append(source.of_split(without_text(source.place(entry)), entry.split))
        activity.report("")

    def _add(self, entry: Entry) -> None:
        if entry.label and self._source.labelled is not False:
            self._labels[entry.split].append(self._numbers.setdefault(entry.label, len(self._numbers)))
            self.written[entry.written] += 1
        else:
            self.without[entry.split] += 1
        self.total += 1
        if self.total % _REPORTED == 0:
            activity.report(f"counting the rows of {self._source.name}", self.total)

    def needs_labels(self, split: str) -> bool:
        """Return whether each row of a split must have a label."""
        return bool(self._source.labelled or self._labels[split])

    def count(self, split: str) -> int:
        """Return the number of rows of a split that can be used."""
        return len(self._labels[split]) + (0 if self.needs_labels(split) else self.without[split])

    @functools.cached_property
    def classes(self) -> list[str]:
        """The names of the classes: the labels of training, if all splits have labels."""
        if not all(self.needs_labels(split) for split in self._source.parts if self.count(split)):
            return []
        names = list(self._numbers)
        return sorted(names[number] for number in set(self._labels["train"]))

    def labels(self, split: str) -> np.ndarray:
        """Return the class of each row that can be used, int32 [row]; -1 for those that training lacks."""
        indices = {name: index for index, name in enumerate(self.classes)}
        classes = np.array([indices.get(name, -1) for name in self._numbers], np.int32)
        return classes[np.frombuffer(self._labels[split], np.int32)] if self._labels[split] else np.empty(0, np.int32)


class _Writer:
    """Writes the documents of a split into a file.

    Attributes:
        labels: the class of each document, int32 [document]; None without labels.
        rows: the number of the row of each document, and its offset in the file.
        digest: of the documents, as `Documents.digest` computes it.
    """

    def __init__(self, file: IO[bytes], labels: np.ndarray | None):
        self._file, self._size = file, 0
        self.labels, self.rows = labels, array("q")
        self.digest = hashlib.sha256(b"" if labels is None else labels.tobytes())

    @property
    def documents(self) -> int:
        """Number of documents so far."""
        return len(self.rows) // 2

    def add(self, entry: Entry) -> None:
        """Write a document."""
        encoded = entry.text.encode()
        if self.rows:
            self._file.write(SEPARATOR)
            self._size += len(SEPARATOR)
        self._file.write(encoded)
        self.rows.extend((entry.number, self._size))
        self._size += len(encoded)
        self.digest.update(b"%d\n%s" % (len(encoded), encoded))
