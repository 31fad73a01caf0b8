"""All problems of a table, found by reading every row."""

from __future__ import annotations

from dlcli.data import labels
from dlcli.data.problems import Problem, few_examples, one_class
from dlcli.data.tabular import catalogue
from dlcli.data.tabular.builder import ReadOptions
from dlcli.data.tabular.sets import TabularSet


def check(dataset: str, options: ReadOptions = catalogue.DEFAULT) -> list[Problem]:
    """Return all problems and notes.

    Raises:
        UsageError: no table has this name.
        DatasetError: the table cannot be opened at all.
    """
    table, problems = catalogue.find(dataset, options)
    if not table.splits:
        return problems
    problems += labels.problems(table.classes) + one_class(table.classes)
    problems += few_examples(table.classes, table.counts("train"))
    return [*problems, *_constant(table), *_duplicates(table)]


def _constant(table: TabularSet) -> list[Problem]:
    """Return a note for each column with a single value in training."""
    train = table.splits["train"].features
    return [
        Problem("columns", "train", name, f"column {name!r} has one value, {train[0, index]:g}", harmless=True)
        for index, name in enumerate(table.features)
        if len(train) and (train[:, index] == train[0, index]).all()
    ]


def _duplicates(table: TabularSet) -> list[Problem]:
    """Return the test examples that are also training examples, as notes: rows of measurements may be equal."""
    first: dict[bytes, str] = {}
    train, test = table.splits["train"], table.splits["test"]
    for row, target, place in zip(train.features, train.target, train.places, strict=True):
        first.setdefault(row.tobytes() + target.tobytes(), place)
    return [
        Problem("duplicate", "test", place, f"{place} is the same as {first[key]}", harmless=True)
        for row, target, place in zip(test.features, test.target, test.places, strict=True)
        if (key := row.tobytes() + target.tobytes()) in first
    ]
