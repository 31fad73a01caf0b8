"""The 1,797 handwritten digits of scikit-learn, 8×8 grayscale.

Reference: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998, the test part.
"""

from __future__ import annotations

import functools

import numpy as np

from dlcli.data import splits
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.sources.npz import Arrays
from dlcli.data.problems import Problem

COUNT = 1797
CLASSES = tuple("0123456789")


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Open the digits, divided as in `dlcli.data.splits`: 1,258 train, 180 validation, 359 test."""
    identity = "scikit-learn's digits, 0 … 16 stretched to 0 … 255"
    parts = {
        name: Arrays(f"digits-{name}", identity, _load, indices, options.image_size)
        for name, indices in splits.numbered(COUNT).items()
    }
    return ImageSet.of(dataset, CLASSES, parts, options.memory_limit), []


@functools.cache
def _load() -> tuple[np.ndarray, np.ndarray]:
    # Importing scikit-learn takes seconds; later runs read the digits from the cache instead.
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target


BUILDER = Builder(
    form="digits",
    matches=lambda dataset: dataset == "digits",
    find=find,
    embedded={"digits": "1,797 handwritten digits of scikit-learn: 8×8 grayscale, 10 classes"},
)
