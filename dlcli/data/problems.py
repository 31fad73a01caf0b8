"""What can be wrong with a data set, and how it is said."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from dlcli.errors import DatasetError
from dlcli.notices import warn

KINDS = {
    "layout": "things out of place",
    "splits": "folders that might be splits or classes",
    "skipped": "files skipped",
    "no class": "images without a class, skipped",
    "nested": "folders within classes",
    "columns": "arrays or rows of the wrong form",
    "classes": "classes that some split lacks",
    "one class": "sets of a single class",
    "few examples": "classes with too few examples",
    "labels": "labels that may be the same",
    "unlabelled": "rows without a label",
    "empty": "empty files or texts",
    "undecodable": "files that cannot be decoded",
    "sizes": "splits with images of several sizes",
    "duplicate": "test examples that are also training examples",
}
_EXPLAINED = {"layout", "columns", "sizes"}  # kinds of which the names alone say too little
FEWEST = 3  # training examples of a class, below which training is refused
NAMED = 3  # problems of a kind that a message names


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something wrong with a data set.

    Attributes:
        kind: one of `KINDS`.
        split: the split it was found in, or "" where it concerns all.
        where: the file, the class or the array.
        message: the whole of it, in a sentence.
        skippable: whether it is of a single example, without which the set can be used.
        harmless: whether the set can be used in spite of it.
    """

    kind: str
    split: str
    where: str
    message: str
    skippable: bool = False
    harmless: bool = False


class Malformed(DatasetError):
    """A data set with problems: the message counts them and names the first few of each kind."""

    def __init__(self, dataset: str, problems: Sequence[Problem], *, flags: Sequence[str] = ()):
        self.problems = tuple(problems)
        parts = [_summary(kind, [found for found in problems if found.kind == kind]) for kind in KINDS]
        hint = f"`{shlex.join(['dlcli', 'data', 'check', dataset, *flags])}` lists every problem"
        if all(found.skippable for found in problems):
            hint += "; --skip-bad trains without these examples"
        super().__init__(f"{dataset} cannot be used: {'; '.join(filter(None, parts))}", hint=hint)


def refuse(dataset: str, problems: Sequence[Problem], *, skip_bad: bool = False, flags: Sequence[str] = ()) -> None:
    """Raise `Malformed` if there are problems, or with `skip_bad` note those of examples that are left out.

    Args:
        dataset: its name.
        problems: what is wrong with it.
        skip_bad: whether the caller leaves the examples of skippable problems out.
        flags: further words of a command line that opens the set the same way.
    """
    problems = [found for found in problems if not found.harmless]
    fatal = [found for found in problems if not (skip_bad and found.skippable)]
    if fatal:
        raise Malformed(dataset, fatal, flags=flags)
    if problems:
        named = "; ".join(problem.message for problem in problems[:NAMED])
        more = "; …" if len(problems) > NAMED else ""
        count = f"{len(problems):,} example{'s' * (len(problems) > 1)}"
        warn(f"--skip-bad leaves out {count} of {dataset}: {named}{more}")


def summarized(problems: Sequence[Problem]) -> list[str]:
    """Return a sentence for each kind of harmless problems."""
    harmless = [found for found in problems if found.harmless]
    return [_summary(kind, same) for kind in KINDS if (same := [found for found in harmless if found.kind == kind])]


def _summary(kind: str, problems: Sequence[Problem]) -> str:
    if len(problems) <= 1 or kind in _EXPLAINED:
        more = f"; … ({len(problems):,} in all)" if len(problems) > NAMED else ""
        return "; ".join(problem.message for problem in problems[:NAMED]) + more
    named = ", ".join(problem.where for problem in problems[:NAMED])
    return f"{len(problems)} {KINDS[kind]}: {named}{', …' if len(problems) > NAMED else ''}"


def no_examples(split: str, count: int) -> list[Problem]:
    """Find a split that holds nothing."""
    return (
        [] if count else [Problem("few examples", split, split, f"{split} must hold an example or more, and has none")]
    )


def one_class(classes: Sequence[str]) -> list[Problem]:
    """Find that there is nothing to tell apart."""
    if len(classes) != 1:
        return []
    message = f"a classifier needs two classes or more, found only {classes[0]!r}"
    return [Problem("one class", "", classes[0], message)]


def few_examples(classes: Sequence[str], counts: Iterable[int]) -> list[Problem]:
    """Find the classes with fewer training examples than a class needs."""
    return [
        Problem("few examples", "train", name, f"class {name!r} needs {FEWEST} training examples or more, has {count}")
        for name, count in zip(classes, counts, strict=True)
        if count < FEWEST
    ]


def wrong_labels(split: str, labels: np.ndarray, classes: int) -> list[Problem]:
    """Find labels that name no class."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if not len(wrong):
        return []
    message = f"labels of {split} must lie in 0 … {classes - 1}, and {len(wrong)} do not, such as {wrong[0]}"
    return [Problem("columns", split, "label", message)]


def mixed_sizes(split: str, sizes: Counter[tuple[int, int]], wanted: tuple[int, ...] | None) -> list[Problem]:
    """Find images that differ in size from each other, or from the wanted height and width."""
    if len(sizes) <= 1 and (wanted is None or set(sizes) <= {wanted[:2]}):
        return []
    listed = ", ".join(f"{height}×{width} ({count})" for (height, width), count in sizes.most_common(5))
    same = f"{wanted[0]}×{wanted[1]}, as the training images are" if wanted else "of one size"
    message = f"{split} images must be {same}, found {listed}{', …' if len(sizes) > 5 else ''}: give --image-size"
    return [Problem("sizes", split, "images", message)]
