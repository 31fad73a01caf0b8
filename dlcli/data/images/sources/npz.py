"""Arrays in one `.npz` file, as `numpy.savez` or `numpy.savez_compressed` writes it.

The file contains two arrays per split:

- training: `image` and `label` (or `images` and `labels`, `x` and `y`), or with the name of the split as below;
- any split: `x_train` and `y_train` as in Keras, or `train_image` and `train_label` (or `train_images`, …), and the
  same with `test`, and `validation`, `valid`, `val` or `dev`;
- optionally `classes`: the names of the classes, in the order of the labels.

Images are uint8 [example, height, width] or [example, height, width, channel], labels integers [example] or
[example, 1] from 0. Images without labels form a set without classes. Nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.data import splits
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import resize
from dlcli.data.images.folder_layout import UNLABELLED
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Source
from dlcli.data.npz_archive import Archive, ArrayHeader
from dlcli.data.problems import Malformed, Problem
from dlcli.errors import DatasetError
from dlcli.paths import expand_user

_WITHOUT_SPLIT = (("image", "label"), ("images", "labels"), ("x", "y"))
_MOST_CHANNELS = 4
_MOST_CLASSES = 2**16
_LONGEST_NAME = 255  # characters in the name of a class

Pair = tuple[str, str | None]  # names of the arrays of images and of labels, if any


class Arrays:
    """Some examples of an array of images and an array of labels, loaded on first access."""

    def __init__(
        self,
        slot: str,
        identity: str,
        load: Callable[[], tuple[np.ndarray, np.ndarray]],
        indices: np.ndarray,
        image_size: int | None,
    ):
        """Describe the examples.

        Args:
            slot: short name of the arrays and the split.
            identity: changes whenever the arrays may have changed.
            load: returns the images and the labels.
            indices: int64 [example], of the examples in these arrays.
            image_size: height and width in pixels to which images are scaled; None keeps their size.
        """
        self.slot = f"{slot}-{image_size or 'own'}"
        self.identity = f"{identity}\n{image_size}\n{hashlib.sha256(indices.data).hexdigest()}"
        self.load, self.indices = load, indices
        self.size = (image_size, image_size) if image_size else None

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, index: int) -> str:
        """Return the index of the image in the arrays."""
        return f"image {self.indices[index]}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Return the images, scaled if there is a size, and their labels."""
        images, labels = self.load()
        return [(self._image(images[index]), int(labels[index])) for index in self.indices[list(indices)]]

    def _image(self, image: np.ndarray) -> np.ndarray:
        image = np.ascontiguousarray(image.reshape(*image.shape[:2], -1))  # the array may be in Fortran order
        return resize(image, self.size) if self.size else image


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Open an `.npz` file.

    Raises:
        DatasetError: the file is missing, is not an `.npz` file, or lacks arrays with the names and shapes above.
    """
    path = expand_user(dataset)
    archive = Archive(path)
    headers, size = archive.headers, options.image_size
    given = {split: pair for split, aliases in splits.ALIASES.items() if (pair := _pair(headers, split, aliases))}
    if "train" not in given:
        raise DatasetError(
            f"{path} must contain the arrays `image` and `label`, or `x_train` and `y_train`, found "
            f"{', '.join(sorted(headers)) or 'none'}"
        )
    problems = [problem for split, pair in given.items() for problem in _wrong_arrays(headers, split, *pair)]
    if problems := problems or _wrong_names(archive):
        raise Malformed(str(path), problems)
    classes = _classes(archive, given["train"][1])
    count = {split: headers[image][0][0] for split, (image, _) in given.items()}
    parts: dict[str, Source] = {
        split: _part(archive, split, given["train"], indices, size)
        for split, indices in splits.numbered(count["train"], given).items()
    }
    for split in set(given) - {"train"}:
        parts[split] = _part(archive, split, given[split], np.arange(count[split]), size)
    return ImageSet.of(str(path), classes, parts, options.memory_limit), []


def _pair(headers: Mapping[str, ArrayHeader], split: str, aliases: Sequence[str]) -> Pair | None:
    """Return the names of the two arrays of a split; the second is None if there are images without labels."""
    names = [(f"x_{alias}", f"y_{alias}") for alias in aliases]
    names += [(f"{alias}_{image}", f"{alias}_{label}") for alias in aliases for image, label in _WITHOUT_SPLIT]
    if split == "train":
        names += _WITHOUT_SPLIT
    labelled = next((pair for pair in names if set(pair) <= set(headers)), None)
    return labelled or next(((image, None) for image, _ in names if image in headers), None)


def _wrong_arrays(headers: Mapping[str, ArrayHeader], split: str, image: str, label: str | None) -> list[Problem]:
    """Return the problems of the shapes and types of two arrays, each with its remedy."""
    wrong = _wrong_images(image, *headers[image])
    if label is not None:
        wrong += _wrong_labels(label, *headers[label], image, headers[image][0])
    return [Problem("columns", split, name, message) for name, message in wrong]


def _wrong_images(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> list[tuple[str, str]]:
    wrong = []
    if dtype != np.uint8:
        if dtype.kind == "f":
            fix = f": save (255 * {name}).round().astype('uint8') if it ranges from 0 to 1"
        else:
            fix = f": scale it to 0 … 255 and save {name}.astype('uint8')" if dtype.kind in "iub" else ""
        wrong.append((name, f"{name} must be uint8 from 0 to 255, found {dtype}{fix}"))
    if len(shape) not in (3, 4) or not 1 <= (*shape, 1)[3] <= _MOST_CHANNELS or 0 in shape:
        channels_first = len(shape) == 4 and shape[1] <= _MOST_CHANNELS
        fix = f": save {name}.transpose(0, 2, 3, 1)" if channels_first else ""
        wrong.append((name, f"{name} must be [example, height, width, channel], found {list(shape)}{fix}"))
    return wrong


def _wrong_labels(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], image: str, images: tuple[int, ...]
) -> list[tuple[str, str]]:
    wrong = []
    if dtype.kind not in "iu":
        if dtype.kind in "US":
            fix = f": save classes, {name} = numpy.unique({name}, return_inverse=True)"
        else:
            fix = f": save {name}.astype(int)" if dtype.kind in "fb" and len(shape) == 1 else ""
        wrong.append((name, f"{name} must be integers, found {dtype}{fix}"))
    if shape not in (images[:1], (*images[:1], 1)):
        fix = f": save {name}.argmax(axis=1)" if len(shape) == 2 and shape[:1] == images[:1] else ""
        wrong.append((name, f"{name} must be {list(images[:1])} to match {image}, found {list(shape)}{fix}"))
    return wrong


def _wrong_names(archive: Archive) -> list[Problem]:
    """Return the problems of the array of class names, if there is one."""
    if "classes" not in archive.headers:
        return []
    dtype = archive.headers["classes"][1]
    if dtype.kind != "U":
        return [Problem("columns", "", "classes", f"classes must be strings, found {dtype}")]
    names = _given_names(archive)
    wrong = [f"classes must have different names, found {name!r} twice" for name in _repeated(names)]
    if not names or "" in names or max(map(len, names)) > _LONGEST_NAME:
        wrong.append(f"classes must be names of 1 to {_LONGEST_NAME} characters, found others")
    return [Problem("columns", "", "classes", message) for message in wrong]


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _given_names(archive: Archive) -> list[str]:
    return [str(name) for name in archive.array("classes").ravel()[: _MOST_CLASSES + 1]]


def _classes(archive: Archive, label: str | None) -> list[str]:
    """Return the names of the classes: those in `classes`, or the numbers from 0 to the largest label."""
    if label is None:
        return [UNLABELLED]
    if "classes" in archive.headers:
        return _given_names(archive)
    largest = int(archive.array(label).max())
    if largest >= _MOST_CLASSES:
        raise DatasetError(f"{label} of {archive.path} must be class indices below {_MOST_CLASSES}, found {largest}")
    return [str(number) for number in range(max(largest, 0) + 1)]


def _part(archive: Archive, split: str, pair: Pair, indices: np.ndarray, image_size: int | None) -> Arrays:
    image, label = pair

    def load() -> tuple[np.ndarray, np.ndarray]:
        images = archive.array(image)
        return images, np.zeros(len(images), np.int64) if label is None else archive.array(label).ravel()

    return Arrays(f"{archive.slot}-{split}", f"{archive.identity}\n{pair}", functools.cache(load), indices, image_size)


BUILDER = Builder(form="an .npz file", matches=lambda dataset: dataset.endswith(".npz"), find=find)
