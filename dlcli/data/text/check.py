"""All problems of a text set or a set of pairs, found by reading every example."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from dlcli.data import labels
from dlcli.data.problems import Malformed, Problem, few_examples, one_class
from dlcli.data.text import catalogue
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.pairs import PairSet
from dlcli.data.text.sets import TextSet


def check(dataset: str, options: ReadOptions = DEFAULT) -> list[Problem]:
    """Return all problems of a set; unlike training, this also reads the test split.

    Raises:
        UsageError: no set has this name.
        DatasetError: the set cannot be opened at all.
    """
    try:
        if catalogue.modality(dataset, options) == "pairs":
            return _of_pairs(*catalogue.find_pairs(dataset, options))
        return _of_texts(*catalogue.find_texts(dataset, options))
    except Malformed as error:
        return list(error.problems)


def _of_pairs(pairs: PairSet, problems: list[Problem]) -> list[Problem]:
    examples = {
        name: zip(split.places, zip(split.sources, split.targets, strict=True), strict=True)
        for name, split in pairs.splits.items()
    }
    return problems + _duplicates(examples)


def _of_texts(texts: TextSet, problems: list[Problem]) -> list[Problem]:
    if texts.classes:
        problems += one_class(texts.classes) + few_examples(texts.classes, texts.counts("train"))
        problems += _missing_classes(texts) + labels.problems(texts.labels)
    return problems + _duplicates({name: split.keys() for name, split in texts.splits.items()})


def _missing_classes(texts: TextSet) -> list[Problem]:
    """Return the classes of training that another split lacks."""
    return [
        Problem("classes", split, name, f"class {name!r} is missing in {split}")
        for split in texts.splits
        for name, count in zip(texts.classes, texts.counts(split), strict=True)
        if not count
    ]


def _duplicates(examples: Mapping[str, Iterable[tuple[str, Hashable]]]) -> list[Problem]:
    """Return the held-out examples that are also training examples; only held-out examples are kept in memory.

    Args:
        examples: for each split, place and value of each example.
    """
    held_out = {split: list(found) for split, found in examples.items() if split != "train"}
    wanted = {example for found in held_out.values() for _, example in found}
    train = {example: place for place, example in examples["train"] if example in wanted}
    return [
        Problem("duplicate", split, place, f"{place} is the same as {train[example]}")
        for split, found in held_out.items()
        for place, example in found
        if example in train
    ]
