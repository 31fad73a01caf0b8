"""Image sets that are arrays: one `.npz` file, as `numpy.savez` or `numpy.savez_compressed` writes it.

An `.npz` file holds two arrays for each of its splits:

- training: `image` and `label` (or `images` and `labels`, `x` and `y`), or with the split's name as below;
- any split: `x_train` and `y_train` as Keras has them, or `train_image` and `train_label` (or `train_images`, …), and
  likewise `test`, and `validation`, `valid` or `val`;
- if it likes, `classes`: the names of the classes, in the order of the labels.

Images are uint8 [example, height, width] or [example, height, width, channel], labels whole numbers [example] or
[example, 1] from 0. Nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
import math
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import cache, splits
from dlcli.data.examples import Example, Source
from dlcli.data.findings import Finding, Malformed
from dlcli.data.pixels import resize
from dlcli.data.sets import ImageSet
from dlcli.errors import DatasetError

_ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val"), "test": ("test",)}
_BARE = (("image", "label"), ("images", "labels"), ("x", "y"))
_MOST_CHANNELS = 4
_MOST_CLASSES = 2**16
# What zipfile and numpy raise at archives that are damaged, encrypted or packed in an unknown way.
_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


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
        image = image.reshape(*image.shape[:2], -1)
        return resize(image, self.size) if self.size else image


def find(path: Path, image_size: int | None, memory_limit: int) -> tuple[ImageSet, list[Finding]]:
    """Open an `.npz` file.

    Raises:
        DatasetError: it is missing, not an `.npz` file, or lacks arrays of the names and forms above.
    """
    archive = _Archive(path)
    given = {split: pair for split, aliases in _ALIASES.items() if (pair := archive.pair(split, aliases))}
    if "train" not in given:
        raise DatasetError(
            f"{path} must hold the arrays `image` and `label`, or `x_train` and `y_train`, and holds "
            f"{', '.join(sorted(archive.members)) or 'none'}"
        )
    if findings := [finding for split, pair in given.items() for finding in archive.problems(split, *pair)]:
        raise Malformed(str(path), findings)
    sources: dict[str, Source] = {}
    for split, places in splits.numbered(archive.shape(given["train"][0])[0], given).items():
        sources[split] = archive.source(split, given["train"], places, image_size)
    for split, pair in given.items():
        if split != "train":
            sources[split] = archive.source(split, pair, np.arange(archive.shape(pair[0])[0]), image_size)
    return ImageSet.of(str(path), archive.classes(given["train"][1]), sources, memory_limit), []


class _Archive:
    """The arrays of an `.npz` file, by name."""

    def __init__(self, path: Path):
        self.path = path
        try:
            with zipfile.ZipFile(path) as file:
                names = [name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy")]
                self.members = {name: self._header(file, name) for name in names}
            status = path.stat()
        except FileNotFoundError:
            raise DatasetError(f"{path} does not exist") from None
        except _DAMAGED as error:
            raise self._damaged(error) from error
        self.identity = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}"
        self.slot = f"npz-{path.stem}-{hashlib.sha256(bytes(path.resolve())).hexdigest()[:8]}"

    @staticmethod
    def _header(file: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
        with file.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            if version not in read:
                raise ValueError(f"array {name} has an unknown format {version}")
            shape, _, dtype = read[version](member)
        if not dtype.hasobject and file.getinfo(f"{name}.npy").file_size < math.prod(shape) * dtype.itemsize:
            raise ValueError(f"array {name} is shorter than its shape {shape}")
        return shape, dtype

    def _damaged(self, error: Exception) -> DatasetError:
        return DatasetError(f"{self.path} must be an .npz file of arrays, and cannot be read: {error}")

    def shape(self, name: str) -> tuple[int, ...]:
        return self.members[name][0]

    def pair(self, split: str, aliases: Sequence[str]) -> tuple[str, str] | None:
        """Return the names of the images and of the labels of a split."""
        names = [(f"x_{alias}", f"y_{alias}") for alias in aliases]
        names += [(f"{alias}_{image}", f"{alias}_{label}") for alias in aliases for image, label in _BARE]
        if split == "train":
            names += _BARE
        return next((pair for pair in names if set(pair) <= set(self.members)), None)

    def problems(self, split: str, image: str, label: str) -> list[Finding]:
        """Find what is wrong with the forms of two arrays."""
        (shape, dtype), (label_shape, label_dtype) = self.members[image], self.members[label]
        wrong = []
        if dtype != np.uint8:
            wrong.append((image, f"{image} must be uint8 from 0 to 255, and is {dtype}"))
        if len(shape) not in (3, 4) or not 1 <= (*shape, 1)[3] <= _MOST_CHANNELS or 0 in shape:
            wrong.append((image, f"{image} must be [example, height, width, channel], and is {list(shape)}"))
        if label_dtype.kind not in "iu":
            wrong.append((label, f"{label} must be whole numbers, and is {label_dtype}"))
        if label_shape not in (shape[:1], (*shape[:1], 1)):
            wrong.append((label, f"{label} must be {list(shape[:1])} as {image} is, and is {list(label_shape)}"))
        return [Finding("columns", split, name, message) for name, message in wrong]

    def classes(self, label: str) -> list[str]:
        """Return the names of the classes: those of `classes`, or the numbers up to the highest label."""
        if "classes" in self.members:
            if self.members["classes"][1].kind != "U":
                raise DatasetError(f"classes of {self.path} must be names, and are {self.members['classes'][1]}")
            return [str(name) for name in self._map("classes").ravel()]
        highest = int(self._map(label).max())
        if highest >= _MOST_CLASSES:
            raise DatasetError(
                f"{label} of {self.path} must be numbers of classes below {_MOST_CLASSES}, found {highest}"
            )
        return [str(number) for number in range(highest + 1)]

    def source(self, split: str, pair: tuple[str, str], places: np.ndarray, image_size: int | None) -> Arrays:
        load = functools.cache(lambda: (self._map(pair[0]), self._map(pair[1]).ravel()))
        return Arrays(f"{self.slot}-{split}", f"{self.identity}\n{pair}", load, places, image_size)

    def _map(self, name: str) -> np.ndarray:
        """Map an array that may be larger than memory: the archive's member is unpacked into the cache."""
        stem = cache.Stem(f"{self.slot}-array-{name}", self.identity)
        target = stem.path("npy")
        if not target.exists():
            stem.clear()
            self._unpack(name, target)
        with cache.kept():
            return np.load(target, mmap_mode="r", allow_pickle=False).view(np.ndarray)

    def _unpack(self, name: str, target: Path) -> None:
        try:
            with (
                zipfile.ZipFile(self.path) as file,
                file.open(f"{name}.npy") as member,
                cache.replacing(target) as copy,
            ):
                shutil.copyfileobj(member, copy, 2**20)
        except _DAMAGED as error:
            raise self._damaged(error) from error
