"""Problems of data sets, and their messages."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from dlcli.errors import DatasetError
from dlcli.notices import warn

KINDS = {
    "layout": "files or folders in the wrong place",
    "splits": "folders that may be splits or classes",
    "skipped": "files skipped",
    "no class": "images without a class, skipped",
    "nested": "folders within classes",
    "columns": "arrays or rows with the wrong shape or type",
    "classes": "classes missing from a split",
    "one class": "sets of a single class",
    "few examples": "classes with too few examples",
    "labels": "labels that may mean the same class",
    "unlabelled": "rows without a label",
    "empty": "empty files or texts",
    "undecodable": "files that cannot be decoded",
    "bit depth": "images that cannot be read in full",
    "sizes": "splits with images of different sizes",
    "duplicate": "test examples that are also training examples",
}
_IN_FULL = {"layout", "columns", "sizes"}  # kinds that are reported by message, not by name
MIN_EXAMPLES = 3  # training examples per class
NAMED = 3  # problems of each kind that a message lists


@dataclasses.dataclass(frozen=True)
class Problem:
    """One problem of a data set.

    Attributes:
        kind: one of `KINDS`.
        split: name of the split; "" if the problem concerns all splits.
        where: name of the file, class or array.
        message: full description in one sentence.
        skippable: whether the set can be used without the example that has the problem.
        harmless: whether the set can be used with the problem.
    """

    kind: str
    split: str
    where: str
    message: str
    skippable: bool = False
    harmless: bool = False


def without_text(place: str) -> Problem:
    """Return the problem of a text without anything but white space."""
    return Problem("empty", "", place, f"{place} must contain text, and is empty", skippable=True)


class Malformed(DatasetError):
    """A data set with problems; the message lists the first few of each kind and their number."""

    def __init__(self, dataset: str, problems: Sequence[Problem], *, flags: Sequence[str] = ()):
        self.problems = tuple(problems)
        parts = [_summary(kind, [found for found in problems if found.kind == kind]) for kind in KINDS]
        hint = f"`{shlex.join(['dlcli', 'data', 'check', dataset, *flags])}` lists all problems"
        if all(found.skippable for found in problems):
            hint += "; --skip-bad leaves out these examples"
        super().__init__(f"{dataset} cannot be used: {'; '.join(filter(None, parts))}", hint=hint)


def refuse(dataset: str, problems: Sequence[Problem], *, skip_bad: bool = False, flags: Sequence[str] = ()) -> None:
    """Raise `Malformed` if there are problems that are not harmless.

    Args:
        dataset: name of the set.
        problems: its problems.
        skip_bad: warn of skippable problems instead of raising; the caller leaves out the examples.
        flags: arguments of `dlcli data check` that open the set in the same way.
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
    """Return one message for each kind of harmless problems."""
    harmless = [found for found in problems if found.harmless]
    return [_summary(kind, same) for kind in KINDS if (same := [found for found in harmless if found.kind == kind])]


def _summary(kind: str, problems: Sequence[Problem]) -> str:
    if len(problems) <= 1 or kind in _IN_FULL:
        more = f"; … ({len(problems):,} in all)" if len(problems) > NAMED else ""
        return "; ".join(problem.message for problem in problems[:NAMED]) + more
    named = ", ".join(problem.where for problem in problems[:NAMED])
    return f"{len(problems)} {KINDS[kind]}: {named}{', …' if len(problems) > NAMED else ''}"


def no_examples(split: str, count: int) -> list[Problem]:
    """Return a problem if a split is empty."""
    message = f"{split} must contain at least one example, found none"
    return [] if count else [Problem("few examples", split, split, message)]


def one_class(classes: Sequence[str]) -> list[Problem]:
    """Return a problem if there is only one class."""
    if len(classes) != 1:
        return []
    message = f"a classifier needs at least two classes, found only {classes[0]!r}"
    return [Problem("one class", "", classes[0], message)]


def few_examples(classes: Sequence[str], counts: Iterable[int]) -> list[Problem]:
    """Return a problem for each class with fewer than `MIN_EXAMPLES` training examples."""
    needed = f"at least {MIN_EXAMPLES} training examples"
    return [
        Problem("few examples", "train", name, f"class {name!r} needs {needed}, found {count}")
        for name, count in zip(classes, counts, strict=True)
        if count < MIN_EXAMPLES
    ]


def wrong_labels(split: str, labels: np.ndarray, classes: int) -> list[Problem]:
    """Return a problem if labels are not class indices."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if not len(wrong):
        return []
    message = f"labels of {split} must be in 0 … {classes - 1}, found {len(wrong)} others, such as {wrong[0]}"
    return [Problem("columns", split, "label", message)]


def mixed_sizes(split: str, sizes: Counter[tuple[int, int]], expected: tuple[int, ...] | None) -> list[Problem]:
    """Return a problem if images differ in size from each other, or from the expected height and width."""
    if len(sizes) <= 1 and (expected is None or set(sizes) <= {expected[:2]}):
        return []
    listed = ", ".join(f"{height}×{width} ({count})" for (height, width), count in sizes.most_common(5))
    same = f"{expected[0]}×{expected[1]} as in training" if expected else "of one size"
    message = f"{split} images must be {same}, found {listed}{', …' if len(sizes) > 5 else ''}: use --image-size"
    return [Problem("sizes", split, "images", message)]
