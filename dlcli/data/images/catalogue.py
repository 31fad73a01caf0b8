"""Names of image sets, and what they open."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from dlcli.data import labels
from dlcli.data.images import digits, folder, npz, tfds
from dlcli.data.images.layout import UNLABELLED
from dlcli.data.images.sets import ImageSet
from dlcli.data.problems import Problem, one_class, refuse, summarized
from dlcli.errors import UsageError
from dlcli.nearest import nearest
from dlcli.notices import warn
from dlcli.paths import expanded


def embedded() -> dict[str, str]:
    """Return the names of the image sets that need no download, with a line on each."""
    return {"digits": "1,797 handwritten digits of scikit-learn: 8×8 gray, 10 classes"}


def claims(dataset: str) -> bool:
    """Tell whether a name has the form of an image set's."""
    return dataset.startswith(("tfds:", "folder:")) or dataset.endswith(".npz") or dataset in embedded()


def open(
    dataset: str,
    data_dir: Path | None,
    image_size: int | None,
    memory_limit: int,
    *,
    labelled: bool = False,
    skip_bad: bool = False,
) -> ImageSet:
    """Open an image set; its images are read when they are asked for.

    Args:
        dataset: `digits`, `tfds:NAME`, `folder:PATH` or the path of an `.npz` file.
        data_dir: folder of prepared tfds sets; None for TFDS_DATA_DIR or the library's own.
        image_size: height and width to which images are scaled; None takes them as they are, or of several sizes
            chooses one.
        memory_limit: bytes of decoded images above which they are read from their files again and again.
        labelled: whether the set must have classes to tell apart.
        skip_bad: whether images that cannot be decoded are left out, with a note.

    Raises:
        UsageError: there is no set of this name.
        DatasetError: its files are not where they should be, or not what they should be.
    """
    images, problems = find(dataset, data_dir, image_size, memory_limit)
    refuse(dataset, problems + ((_nested(problems) or classless(images.classes)) if labelled else []))
    for note in [*summarized(problems), *(found.message for found in labels.problems(images.classes))]:
        warn(note)
    for note in images.survey.notes(dataset, image_size) if images.survey else ():
        warn(note)
    return images.without_bad() if skip_bad else images


def classless(classes: Sequence[str]) -> list[Problem]:
    """Find that a set has no classes to tell apart."""
    if tuple(classes) != (UNLABELLED,):
        return one_class(classes)
    message = "its images have no classes: a classifier needs a folder for each class, or an array of labels"
    return [Problem("one class", "", "", message)]


def _nested(problems: Sequence[Problem]) -> list[Problem]:
    """Return what a classifier refuses, though others read it: images in folders within classes."""
    return [dataclasses.replace(found, harmless=False) for found in problems if found.kind == "nested"]


def find(
    dataset: str, data_dir: Path | None, image_size: int | None, memory_limit: int
) -> tuple[ImageSet, list[Problem]]:
    """Open an image set as `open` does, but return what is wrong with its layout instead of raising it."""
    kind, _, rest = dataset.partition(":")
    if kind == "tfds":
        return tfds.find(rest, data_dir, image_size, memory_limit)
    if kind == "folder":
        return folder.find(expanded(rest), image_size, memory_limit)
    if dataset.endswith(".npz"):
        return npz.find(expanded(dataset), image_size, memory_limit)
    if dataset == "digits":
        return digits.open_digits(image_size, memory_limit), []
    raise _unknown(dataset, data_dir)


def _unknown(dataset: str, data_dir: Path | None) -> UsageError:
    forms = "digits, tfds:NAME, folder:PATH or a file that ends in .npz"
    if expanded(dataset).is_dir():
        return UsageError(f"an image set must be {forms}, got {dataset!r}: did you mean folder:{dataset}?")
    known = [*embedded(), *(f"tfds:{name}" for name in tfds.prepared(data_dir))]
    near = [name for name in known if nearest(dataset, [name, name.removeprefix("tfds:")])]
    meant = f": did you mean {' or '.join(near)}?" if near else ""
    return UsageError(
        f"an image set must be {forms}, got {dataset!r}{meant}", hint="`dlcli data list` names those here"
    )
