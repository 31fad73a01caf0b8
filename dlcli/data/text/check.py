"""All that is wrong with a text set, found by reading every document of it."""

from __future__ import annotations

from dlcli.data import labels
from dlcli.data.problems import Malformed, Problem, few_examples, one_class
from dlcli.data.text import sets
from dlcli.data.text.columns import USUAL, Reading
from dlcli.data.text.sets import TextSet


def check(dataset: str, reading: Reading = USUAL) -> list[Problem]:
    """Return everything that is wrong; unlike training, this reads the test part too.

    Raises:
        DatasetError: the set cannot be opened at all.
    """
    try:
        texts, findings = sets.find(dataset, reading)
    except Malformed as error:
        return list(error.problems)
    if texts.classes:
        findings += one_class(texts.classes) + few_examples(texts.classes, texts.counts("train")) + _lacking(texts)
        findings += labels.problems(texts.labels)
    return findings + _duplicates(texts)


def _lacking(texts: TextSet) -> list[Problem]:
    """Find the classes of training that a held-out split lacks."""
    return [
        Problem("classes", split, name, f"class {name!r} is missing in {split}")
        for split in texts.splits
        for name, count in zip(texts.classes, texts.counts(split), strict=True)
        if not count
    ]


def _duplicates(texts: TextSet) -> list[Problem]:
    """Find the texts of held-out splits that training has too, but for white space around them."""
    train = dict(_stripped(texts, "train"))
    return [
        Problem("duplicate", split, place, f"{place} is the same as {train[each]}")
        for split in texts.splits
        if split != "train"
        for each, place in _stripped(texts, split)
        if each and each in train
    ]


def _stripped(texts: TextSet, split: str) -> list[tuple[str, str]]:
    documents = texts.splits[split]
    return [(each.strip(), place) for each, place in zip(documents.texts, documents.places, strict=True)]
