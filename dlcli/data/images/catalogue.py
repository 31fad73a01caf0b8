"""Image sets by name: `--dataset NAME` to splits of labelled images."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from dlcli.data import arrow, labels, sources
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.folder_layout import UNLABELLED
from dlcli.data.images.sets import ImageSet
from dlcli.data.problems import Problem, one_class, refuse, summarized
from dlcli.errors import DatasetError, UsageError, UserError
from dlcli.notices import warn
from dlcli.paths import expand_user


def builders() -> tuple[Builder, ...]:
    """Return the builder of each file in `dlcli.data.images.sources`."""
    return sources.builders("dlcli.data.images.sources")


def embedded() -> dict[str, str]:
    """Return the names of the image sets that need no download, each with one line of description."""
    return sources.embedded(builders())


def prepared(data_dir: Path | None) -> list[str]:
    """Return the names of the image sets that were downloaded to a folder, such as "tfds:mnist"."""
    return [name for builder in builders() for name in builder.prepared(data_dir)]


def forms() -> str:
    """Return how image sets are named, as one phrase for messages."""
    return sources.forms(builders())


def matches(dataset: str) -> bool:
    """Return whether a name has the form of an image set's name."""
    return sources.matching(builders(), dataset) is not None


def open(
    dataset: str,
    data_dir: Path | None,
    image_size: int | None,
    memory_limit: int,
    *,
    labelled: bool = False,
    skip_bad: bool = False,
) -> ImageSet:
    """Open an image set; images are read on first access.

    Args:
        dataset: name of the set, in one of `forms`.
        data_dir: see `ReadOptions`, as for the two arguments that follow.
        image_size: in pixels.
        memory_limit: in bytes.
        labelled: refuse a set without at least two classes.
        skip_bad: leave out images that cannot be decoded, with a warning.

    Raises:
        UsageError: no set has this name.
        DatasetError: the files of the set are missing or invalid.
    """
    images, problems = find(dataset, data_dir, image_size, memory_limit)
    refuse(dataset, problems + ((_nested(problems) or too_few_classes(images.classes)) if labelled else []))
    for note in [*summarized(problems), *(problem.message for problem in labels.problems(images.classes))]:
        warn(note)
    for note in images.survey.notes(dataset, image_size) if images.survey else ():
        warn(note)
    return images.without_bad() if skip_bad else images


def find(
    dataset: str, data_dir: Path | None, image_size: int | None, memory_limit: int
) -> tuple[ImageSet, list[Problem]]:
    """Open an image set as `open` does, but return the problems of its layout instead of raising them."""
    builder = sources.matching(builders(), dataset)
    if builder is None:
        raise _unknown(dataset, data_dir)
    return builder.find(dataset, ReadOptions(data_dir, image_size, memory_limit))


def too_few_classes(classes: Sequence[str]) -> list[Problem]:
    """Return a problem if a set has fewer than the two classes that a classifier needs."""
    if tuple(classes) != (UNLABELLED,):
        return one_class(classes)
    message = "the images have no classes: a classifier needs one folder per class, or an array of labels"
    return [Problem("one class", "", "", message)]


def _nested(problems: Sequence[Problem]) -> list[Problem]:
    """Return the folders within classes as fatal problems: only a classifier refuses them."""
    return [dataclasses.replace(problem, harmless=False) for problem in problems if problem.kind == "nested"]


def _unknown(dataset: str, data_dir: Path | None) -> UserError:
    if (tables := arrow.located(dataset)) is not None and "train" in tables.files:
        try:
            columns = ", ".join(tables.schema().names)
        except DatasetError as error:
            return error
        return DatasetError(f"{dataset} must have a column image, or img, found the columns {columns}")
    if expand_user(dataset).suffix.lower() in (".csv", ".tsv"):
        return DatasetError(f"{dataset} must be a table with the columns image and label, and is none")
    if expand_user(dataset).is_dir():
        return UsageError(f"an image set must be {forms()}, got {dataset!r}: did you mean folder:{dataset}?")
    return sources.unknown("an image set", forms(), dataset, [*embedded(), *prepared(data_dir)])
