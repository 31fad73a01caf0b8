"""Division of a data set into train, validation and test splits, if it does not define them.

The division depends only on the indices or names of the examples, never on a seed, so that every run of every version
uses the same splits:

- A split that the data set defines is used as it is. A set that defines splits must define `train`.
- A missing `test` is a fifth of the examples, at most 10,000.
- A missing `validation` is a tenth of the examples, at most 5,000, taken from `train`, never from `test`.
- Numbered examples (the digits, tfds sets, arrays) are sorted by a hash of their index (splitmix64): the first are
  `test`, the next `validation`, the rest `train`. Each split keeps the order of the data set.
- Files are sorted by the SHA-256 of "class/file" within their class, and each class is divided in the same way, so
  that a new file moves few of the others.
- Text documents with names are sorted by the SHA-256 of the name (see `dlcli.data.text`).
- Each split has at least one example.

The mean and standard deviation of the pixels are those of `train` only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

# The names of the splits in files, folders and arrays, in the order of the splits.
ALIASES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
TEST_SHARE, TEST_MOST = 0.2, 10_000
VALIDATION_SHARE, VALIDATION_MOST = 0.1, 5_000
RAW_TRAIN = 0.9  # of the characters of a raw text
_CHUNK = 2**20  # examples that are hashed at a time


def shares(count: int, given: Collection[str]) -> dict[str, float]:
    """Return the fraction of `count` training examples for each split that is not in `given`, test first."""
    missing = {"test": (TEST_SHARE, TEST_MOST), "validation": (VALIDATION_SHARE, VALIDATION_MOST)}
    return {name: min(share, most / max(count, 1)) for name, (share, most) in missing.items() if name not in given}


def numbered(count: int, given: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Divide the examples 0 … count - 1 into `train` and the splits that are not in `given`.

    Returns:
        Indices of the examples of each split, int64 [example], ascending.
    """
    return _cut(np.argsort(_splitmix64(np.arange(count, dtype=np.uint64)), kind="stable"), given)


def held_out_numbers(count: int, given: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return the splits of `numbered` except `train`, in memory that does not depend on the number of examples."""
    sizes = {name: max(1, round(share * count)) for name, share in shares(count, given).items()}
    wanted, kept = sum(sizes.values()), np.empty(0, np.int64)
    for start in range(0, count, _CHUNK):
        kept = np.concatenate([kept, np.arange(start, min(start + _CHUNK, count))])
        kept = kept[np.argsort(_splitmix64(kept.astype(np.uint64)), kind="stable")[:wanted]]
    ends = np.cumsum(list(sizes.values()))
    return {name: np.sort(part) for name, part in zip(sizes, np.split(kept, ends[:-1]), strict=True)}


def named(names: Sequence[str], given: Collection[str] = (), *, of: int | None = None) -> dict[str, list[str]]:
    """Divide the files of one class into `train` and the splits that are not in `given`.

    Args:
        names: of the files, as "class/file".
        given: splits that the data set defines.
        of: number of files in all classes, by which the fractions are computed; None if there is one class only.
    """
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
    parts = {}
    for name, share in shares(of or len(names), given).items():
        taken = max(1, round(share * len(names)))
        parts[name], order = sorted(order[:taken]), order[taken:]
    return {"train": sorted(order), **parts}


def hashed(names: Sequence[str], given: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Divide examples with unique names into `train` and the splits that are not in `given`.

    Returns:
        Indices of the examples of each split, int64 [example], ascending.
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
    """Choose a subset of the examples, balanced over the classes as far as they have enough examples.

    Within a class the examples with the smallest hashes are chosen, so that a larger subset contains a smaller one.

    Args:
        labels: int [example].
        taken: number of examples to choose.

    Returns:
        Indices of the chosen examples, int64 [taken], ascending.
    """
    # Hashed twice, because the hash itself has decided which examples are in other splits.
    order = np.argsort(_splitmix64(_splitmix64(np.arange(len(labels), dtype=np.uint64))), kind="stable")
    ranks = np.empty(len(labels), np.int64)  # of each example within its class
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        ranks[mine] = np.arange(len(mine))
    return np.sort(order[np.argsort(ranks[order], kind="stable")][:taken])


def _splitmix64(x: np.ndarray) -> np.ndarray:
    """Hash uint64 numbers.

    Reference: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014, figure 15,
    with the constants of variant 13 in Stafford's "Better Bit Mixing", 2011.
    """
    x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
