"""All that is wrong with an image set, found by reading every example of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np

from dlcli.data import labels
from dlcli.data.images import catalogue
from dlcli.data.images.decoding import chunks
from dlcli.data.images.sets import Split
from dlcli.data.problems import Malformed, Problem, few_examples, mixed_sizes, no_examples, wrong_labels


def check(dataset: str, data_dir: Path | None, image_size: int | None) -> list[Problem]:
    """Return everything that is wrong or worth knowing; unlike training, this decodes all splits, and trusts no cache.

    Raises:
        DatasetError: the set cannot be opened at all.
    """
    try:
        images, problems = catalogue.find(dataset, data_dir, image_size, memory_limit=0)
    except Malformed as error:
        return list(error.problems)
    problems += labels.problems(images.classes) + [
        dataclasses.replace(each, harmless=True) for each in catalogue.classless(images.classes)
    ]
    readings = {name: Reading(split) for name, split in images.splits.items()}
    train = readings["train"]
    size = next(iter(train.sizes)) if len(train.sizes) == 1 else None
    for name, reading in readings.items():
        problems += no_examples(name, len(reading.split.listed)) + reading.problems
        problems += mixed_sizes(name, reading.sizes, None if name == "train" else size)
        problems += wrong_labels(name, reading.labels, len(images.classes))
    counts = [int((train.labels == label).sum()) for label in range(len(images.classes))]
    return problems + few_examples(images.classes, counts) + _duplicates(train, readings["test"])


class Reading:
    """What reading all examples of a split shows.

    Attributes:
        problems: the examples that cannot be decoded.
        sizes: how many images there are of each height and width.
        labels: class of each readable example.
        places: the example of each image, by a digest of its pixels; of equal ones the first.
    """

    def __init__(self, split: Split):
        self.split = split
        self.problems: list[Problem] = []
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.places: dict[bytes, int] = {}
        labels: list[int] = []
        for chunk in chunks(split.name, split.listed, None):
            self.problems += chunk.problems
            self.sizes += chunk.sizes
            labels += chunk.labels
            for index, digest in zip(chunk.indices, chunk.digests, strict=True):
                self.places.setdefault(digest, index)
        self.labels = np.array(labels, dtype=np.int64)

    def where(self, pixels: bytes) -> str:
        """Name the example with these pixels."""
        return self.split.listed.where(self.places[pixels])


def _duplicates(train: Reading, test: Reading) -> list[Problem]:
    return [
        Problem("duplicate", "test", test.where(pixels), f"{test.where(pixels)} is the same as {train.where(pixels)}")
        for pixels in test.places
        if pixels in train.places
    ]
