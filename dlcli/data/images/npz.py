"""Image sets that are arrays: one `.npz` file, as `numpy.savez` or `numpy.savez_compressed` writes it.

An `.npz` file holds two arrays for each of its splits:

- training: `image` and `label` (or `images` and `labels`, `x` and `y`), or with the split's name as below;
- any split: `x_train` and `y_train` as Keras has them, or `train_image` and `train_label` (or `train_images`, …), and
  likewise `test`, and `validation`, `valid` or `val`;
- if it likes, `classes`: the names of the classes, in the order of the labels.

Images are uint8 [example, height, width] or [example, height, width, channel], labels whole numbers [example] or
[example, 1] from 0. Images without labels are a set without classes. Nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import splits
from dlcli.data.images.archive import Archive
from dlcli.data.images.layout import UNLABELLED
from dlcli.data.images.pixels import resize
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Source
from dlcli.data.problems import Malformed, Problem
from dlcli.errors import DatasetError

_ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val"), "test": ("test",)}
_BARE = (("image", "label"), ("images", "labels"), ("x", "y"))
_MOST_CHANNELS = 4
_MOST_CLASSES = 2**16
_LONGEST_NAME = 255  # characters of the name of a class

Form = tuple[tuple[int, ...], np.dtype]
Pair = tuple[str, str | None]  # names of the images and of the labels, if there are any


class Arrays:
    """Some places of an array of images and one of labels, which are loaded when first asked for."""

    def __init__(
        self,
        slot: str,
        identity: str,
        load: Callable[[], tuple[np.ndarray, np.ndarray]],
        places: np.ndarray,
        image_size: int | None,
    ):
        """Take the examples at `places` of what `load` returns, scaled to `image_size` if it is given."""
        self.slot = f"{slot}-{image_size or 'own'}"
        self.identity = f"{identity}\n{image_size}\n{hashlib.sha256(places).hexdigest()}"
        self.load, self.places = load, places
        self.size = (image_size, image_size) if image_size else None

    def __len__(self) -> int:
        return len(self.places)

    def where(self, index: int) -> str:
        """Return the number of the image in the arrays."""
        return f"image {self.places[index]}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Return the images, of the arrays' shape or scaled, and their labels."""
        images, labels = self.load()
        return [(self._image(images[place]), int(labels[place])) for place in self.places[list(indices)]]

    def _image(self, image: np.ndarray) -> np.ndarray:
        image = np.ascontiguousarray(image.reshape(*image.shape[:2], -1))  # arrays may be in Fortran's order
        return resize(image, self.size) if self.size else image


def find(path: Path, image_size: int | None, memory_limit: int) -> tuple[ImageSet, list[Problem]]:
    """Open an `.npz` file.

    Raises:
        DatasetError: it is missing, not an `.npz` file, or lacks arrays of the names and forms above.
    """
    archive = Archive(path)
    given = {split: pair for split, aliases in _ALIASES.items() if (pair := _pair(archive.forms, split, aliases))}
    if "train" not in given:
        raise DatasetError(
            f"{path} must hold the arrays `image` and `label`, or `x_train` and `y_train`, and holds "
            f"{', '.join(sorted(archive.forms)) or 'none'}"
        )
    problems = [problem for split, pair in given.items() for problem in _problems(archive.forms, split, *pair)]
    if problems := problems or _wrong_names(archive):
        raise Malformed(str(path), problems)
    classes = _classes(archive, given["train"][1])
    count = {split: archive.forms[image][0][0] for split, (image, _) in given.items()}
    sources: dict[str, Source] = {
        split: _source(archive, split, given["train"], places, image_size)
        for split, places in splits.numbered(count["train"], given).items()
    }
    for split in set(given) - {"train"}:
        sources[split] = _source(archive, split, given[split], np.arange(count[split]), image_size)
    return ImageSet.of(str(path), classes, sources, memory_limit), []


def _pair(forms: Mapping[str, Form], split: str, aliases: Sequence[str]) -> Pair | None:
    """Return the names of the images and of the labels of a split; of images alone where there are no labels."""
    names = [(f"x_{alias}", f"y_{alias}") for alias in aliases]
    names += [(f"{alias}_{image}", f"{alias}_{label}") for alias in aliases for image, label in _BARE]
    if split == "train":
        names += _BARE
    labelled = next((pair for pair in names if set(pair) <= set(forms)), None)
    return labelled or next(((image, None) for image, _ in names if image in forms), None)


def _problems(forms: Mapping[str, Form], split: str, image: str, label: str | None) -> list[Problem]:
    """Find what is wrong with the forms of two arrays, and say how to mend it."""
    wrong = _problems_of_images(image, *forms[image])
    if label is not None:
        wrong += _problems_of_labels(label, *forms[label], image, forms[image][0])
    return [Problem("columns", split, name, message) for name, message in wrong]


def _problems_of_images(name: str, shape: tuple[int, ...], dtype: np.dtype) -> list[tuple[str, str]]:
    wrong = []
    if dtype != np.uint8:
        if dtype.kind == "f":
            mend = f": save (255 * {name}).round().astype('uint8') where it lies in 0 … 1"
        else:
            mend = f": bring it to 0 … 255 and save {name}.astype('uint8')" if dtype.kind in "iub" else ""
        wrong.append((name, f"{name} must be uint8 from 0 to 255, and is {dtype}{mend}"))
    if len(shape) not in (3, 4) or not 1 <= (*shape, 1)[3] <= _MOST_CHANNELS or 0 in shape:
        turned = len(shape) == 4 and shape[1] <= _MOST_CHANNELS
        mend = f": save {name}.transpose(0, 2, 3, 1)" if turned else ""
        wrong.append((name, f"{name} must be [example, height, width, channel], and is {list(shape)}{mend}"))
    return wrong


def _problems_of_labels(
    name: str, shape: tuple[int, ...], dtype: np.dtype, image: str, images: tuple[int, ...]
) -> list[tuple[str, str]]:
    wrong = []
    if dtype.kind not in "iu":
        if dtype.kind in "US":
            mend = f": save classes, {name} = numpy.unique({name}, return_inverse=True)"
        else:
            mend = f": save {name}.astype(int)" if dtype.kind in "fb" and len(shape) == 1 else ""
        wrong.append((name, f"{name} must be whole numbers, and is {dtype}{mend}"))
    if shape not in (images[:1], (*images[:1], 1)):
        mend = f": save {name}.argmax(axis=1)" if len(shape) == 2 and shape[:1] == images[:1] else ""
        wrong.append((name, f"{name} must be {list(images[:1])} as {image} is, and is {list(shape)}{mend}"))
    return wrong


def _wrong_names(archive: Archive) -> list[Problem]:
    """Find what is wrong with the names of classes, where they are given."""
    if "classes" not in archive.forms:
        return []
    dtype = archive.forms["classes"][1]
    if dtype.kind != "U":
        return [Problem("columns", "", "classes", f"classes must be names, and are {dtype}")]
    names = _given_names(archive)
    wrong = [f"classes must have different names, and {name!r} stands there twice" for name in _repeated(names)]
    if not names or "" in names or max(map(len, names)) > _LONGEST_NAME:
        wrong.append(f"classes must be names of 1 to {_LONGEST_NAME} characters, and some are not")
    return [Problem("columns", "", "classes", message) for message in wrong]


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _given_names(archive: Archive) -> list[str]:
    return [str(name) for name in archive.array("classes").ravel()[: _MOST_CLASSES + 1]]


def _classes(archive: Archive, label: str | None) -> list[str]:
    """Return the names of the classes: those of `classes`, or the numbers up to the highest label."""
    if label is None:
        return [UNLABELLED]
    if "classes" in archive.forms:
        return _given_names(archive)
    highest = int(archive.array(label).max())
    if highest >= _MOST_CLASSES:
        raise DatasetError(
            f"{label} of {archive.path} must be numbers of classes below {_MOST_CLASSES}, found {highest}"
        )
    return [str(number) for number in range(max(highest, 0) + 1)]


def _source(archive: Archive, split: str, pair: Pair, places: np.ndarray, image_size: int | None) -> Arrays:
    image, label = pair

    def load() -> tuple[np.ndarray, np.ndarray]:
        images = archive.array(image)
        return images, np.zeros(len(images), np.int64) if label is None else archive.array(label).ravel()

    return Arrays(f"{archive.slot}-{split}", f"{archive.identity}\n{pair}", functools.cache(load), places, image_size)
