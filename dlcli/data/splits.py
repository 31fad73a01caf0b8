"""Which examples train, which validate and which test, where a data set does not say so itself.

The rules depend on the examples' places or names alone, never on a seed of the run, so that every run of every
version sees the same splits:

- A split that the data set has is taken as it is. `train` must be there, or no split at all.
- `test`, where missing, is a fifth of the examples, at most 10,000.
- `validation`, where missing, is a tenth of the examples, at most 5,000; it is taken off training, never off test.
- Numbered examples (the digits, tfds sets, arrays) are ordered by a hash of their number (splitmix64): the first of
  this order are `test`, the next `validation`, the rest `train`. Each part keeps the data set's own order.
- Files are ordered by the SHA-256 of "class/file" within their class, and each class is cut in the same way. So a
  file that is added moves few of the others.
- Documents of text that have names are ordered by the SHA-256 of these (see `dlcli.data.text`).
- Each part takes one example at least.

The mean and the deviation of the pixels are those of the `train` part alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

# The names of the splits in files and folders, in the order of the splits.
ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
TEST_SHARE, TEST_MOST = 0.2, 10_000
VALIDATION_SHARE, VALIDATION_MOST = 0.1, 5_000


def shares(count: int, given: Collection[str]) -> dict[str, float]:
    """Return the share of `count` training examples that each split not in `given` takes, test first."""
    wanted = {"test": (TEST_SHARE, TEST_MOST), "validation": (VALIDATION_SHARE, VALIDATION_MOST)}
    return {name: min(share, most / max(count, 1)) for name, (share, most) in wanted.items() if name not in given}


def numbered(count: int, given: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Divide the examples 0 … count - 1 into `train` and the splits that are not in `given`.

    Returns:
        int64 [example] for each split, ascending.
    """
    return _cut(np.argsort(_splitmix64(np.arange(count, dtype=np.uint64)), kind="stable"), given)


def named(names: Sequence[str], given: Collection[str] = (), *, of: int | None = None) -> dict[str, list[str]]:
    """Divide the files "class/file" of one class into `train` and the splits that are not in `given`.

    Their shares are those of a set `of` so many files in all its classes; by default these are all.
    """
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
    parts = {}
    for name, share in shares(of or len(names), given).items():
        taken = max(1, round(share * len(names)))
        parts[name], order = sorted(order[:taken]), order[taken:]
    return {"train": sorted(order), **parts}


def hashed(names: Sequence[str], given: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Divide examples with different names into `train` and the splits that are not in `given`.

    Returns:
        int64 [example] for each split, ascending.
    """
    digests = [hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest() for name in names]
    order = np.array(sorted(range(len(names)), key=digests.__getitem__), np.int64)
    return _cut(order, given)


def _cut(order: np.ndarray, given: Collection[str]) -> dict[str, np.ndarray]:
    count, parts = len(order), {}
    for name, share in shares(count, given).items():
        taken = max(1, round(share * count))
        parts[name], order = np.sort(order[:taken]), order[taken:]
    return {"train": np.sort(order), **parts}


def few(labels: np.ndarray, taken: int) -> np.ndarray:
    """Choose examples of which each class has as many as the others, or one more, while it has any left.

    Within a class those of the least hash come first. Fewer are always among more, so that a larger choice adds to a
    smaller one.

    Args:
        labels: int [example].
        taken: how many to choose.

    Returns:
        Their places, int64 [taken], ascending.
    """
    # Hashed twice: by the hash itself the examples of other splits were taken off.
    order = np.argsort(_splitmix64(_splitmix64(np.arange(len(labels), dtype=np.uint64))), kind="stable")
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        turns[mine] = np.arange(len(mine))
    return np.sort(order[np.argsort(turns[order], kind="stable")][:taken])


def _splitmix64(x: np.ndarray) -> np.ndarray:
    """Scramble uint64 numbers.

    Reference: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014, figure 15,
    with the constants of variant 13 in Stafford's "Better Bit Mixing", 2011.
    """
    x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
