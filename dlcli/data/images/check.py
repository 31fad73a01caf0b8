"""All problems of an image set, found by decoding every example."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from dlcli.data import labels
from dlcli.data.images import catalogue
from dlcli.data.images.scan import Totals, chunks
from dlcli.data.images.sets import Split
from dlcli.data.problems import Malformed, Problem, few_examples, no_examples


def check(dataset: str, data_dir: Path | None, image_size: int | None) -> list[Problem]:
    """Return all problems and notes; unlike training, this decodes all splits and does not use the cache.

    Raises:
        DatasetError: the set cannot be opened at all.
    """
    try:
        images, problems = catalogue.find(dataset, data_dir, image_size, memory_limit=0)
    except Malformed as error:
        return list(error.problems)
    problems += labels.problems(images.classes) + [
        dataclasses.replace(problem, harmless=True) for problem in catalogue.too_few_classes(images.classes)
    ]
    losses = images.survey.losses(dataset) if images.survey else ()
    problems += [Problem("bit depth", "train", dataset, message, harmless=True) for message in losses]
    scans = {name: _Scan(split) for name, split in images.splits.items()}
    train = scans["train"]
    size = next(iter(train.sizes)) if len(train.sizes) == 1 else None
    for name, scan in scans.items():
        problems += no_examples(name, len(scan.split.listed))
        problems += scan.problems(name, len(images.classes), None if name == "train" else size)
    counts = [int((np.array(train.labels) == label).sum()) for label in range(len(images.classes))]
    return problems + few_examples(images.classes, counts) + _duplicates(train, scans["test"])


class _Scan(Totals):
    """A pass over all examples of a split.

    Attributes:
        split: the split.
        first: index of the first example with each digest of pixels.
    """

    def __init__(self, split: Split):
        super().__init__()
        self.split = split
        self.first: dict[bytes, int] = {}
        for chunk in chunks(split.name, split.listed, None):
            self.add(chunk)
            for index, digest in zip(chunk.indices, chunk.digests, strict=True):
                self.first.setdefault(digest, index)

    def where(self, digest: bytes) -> str:
        """Return the name of the first example with this digest."""
        return self.split.listed.where(self.first[digest])


def _duplicates(train: _Scan, test: _Scan) -> list[Problem]:
    return [
        Problem("duplicate", "test", test.where(digest), f"{test.where(digest)} is the same as {train.where(digest)}")
        for digest in test.first
        if digest in train.first
    ]
