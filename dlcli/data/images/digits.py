"""The 1,797 handwritten digits of scikit-learn, 8×8 gray."""

from __future__ import annotations

import functools

import numpy as np

from dlcli.data import splits
from dlcli.data.images.npz import Arrays
from dlcli.data.images.sets import ImageSet

COUNT = 1797
CLASSES = tuple("0123456789")


def open_digits(image_size: int | None, memory_limit: int) -> ImageSet:
    """Open the digits, divided as `dlcli.data.splits` says: 1,258 train, 180 validation, 359 test.

    Reference: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998, its test part.
    """
    identity = "scikit-learn's digits, 0 … 16 stretched to 0 … 255"
    sources = {
        name: Arrays(f"digits-{name}", identity, _load, places, image_size)
        for name, places in splits.numbered(COUNT).items()
    }
    return ImageSet.of("digits", CLASSES, sources, memory_limit)


@functools.cache
def _load() -> tuple[np.ndarray, np.ndarray]:
    # scikit-learn takes seconds to import; what the cache holds of the digits spares later runs that.
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target
