"""Batches of texts of similar lengths, so that little of a batch is padding.

Each bucket has a width: of a pair, one of the source and one of the target. A text is in the smallest bucket that it
fits into, and a batch has the width of its bucket; one program is compiled per width. Each epoch permutes all texts,
sorts them by bucket, cuts them into batches and permutes the batches. A batch is therefore a function of the seed and
the step alone. Per epoch, fewer texts than one batch are left out, others each time.
"""

from __future__ import annotations

import functools

import numpy as np

from dlcli.data.order import Order

_ENOUGH = 0.1  # share of padding below which another bucket is not worth its compilation
_LENGTHS = 24  # candidates of a width, per side
_PASSES = 2  # over all buckets, after each new one


class LengthOrder:
    """The texts of each training step, and the width of their batch.

    Attributes:
        widths: of each bucket, by their sum, int [bucket, side]; every text fits into the last one.
        bucket: of each text, int16 [text].
        padding: share of the tokens of all texts that are padding, if each has the width of its bucket.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int, buckets: int):
        """Choose the buckets.

        Args:
            lengths: tokens of each text, int [text, side]; a pair has two sides.
            batch_size: texts per batch.
            seed: of the permutations.
            buckets: the largest number of buckets. There are fewer if they leave less than a tenth of padding.
        """
        self.batch_size, self.seed = batch_size, seed
        self.batches = len(lengths) // batch_size
        self.lengths = lengths
        self.widths = choose_widths(lengths, buckets if self.batches > 1 else 1)
        self.bucket = (lengths[:, None] <= self.widths).all(axis=2).argmax(axis=1).astype(np.int16)
        texts = np.bincount(self.bucket, minlength=len(self.widths))
        self.padding = 1 - lengths.sum() / (texts @ self.widths.sum(axis=1))
        self._plain = Order(len(lengths), batch_size, seed)
        self._epoch = functools.lru_cache(maxsize=2)(self._permutation)

    def at(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the texts of a step, int64 [batch], and the width of each side, int [side]."""
        if len(self.widths) == 1:
            return self._plain.at(step), self.widths[0]
        epoch, batch = divmod(step, self.batches)
        indices = self._epoch(epoch)[batch]
        fits = (self.lengths[indices].max(axis=0) <= self.widths).all(axis=1)
        return indices, self.widths[fits.argmax()]

    def _permutation(self, epoch: int) -> np.ndarray:
        """Return the batches of an epoch, int64 [batch, text]."""
        generator = np.random.default_rng([self.seed, epoch])
        texts = generator.permutation(len(self.bucket))[: self.batches * self.batch_size]
        by_bucket = texts[np.argsort(self.bucket[texts], kind="stable")]
        return generator.permutation(by_bucket.reshape(self.batches, self.batch_size))


def choose_widths(lengths: np.ndarray, most: int) -> np.ndarray:
    """Return the widths of at most so many buckets, by their sum, int [bucket, side].

    The last one is that of the longest texts. The others are added one by one, each where it leaves the fewest tokens;
    after each, all are moved in turn to where they leave the fewest.
    """
    if most == 1:
        return lengths.max(axis=0)[None]
    unique, counts = np.unique(lengths, axis=0, return_counts=True)
    sides = [np.unique(np.quantile(each, np.linspace(0, 1, _LENGTHS), method="higher")) for each in lengths.T]
    candidates = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(sides))
    fits = (unique <= candidates[:, None]).all(axis=2)
    tokens = np.where(fits, candidates.sum(axis=1)[:, None], np.inf)  # [candidate, length]
    largest = lengths.max(axis=0)
    chosen: list[int] = []

    def smallest(others: list[int]) -> np.ndarray:
        """Return the tokens of each length in the smallest bucket of `others` and the largest one."""
        return tokens[others].min(axis=0, initial=float(largest.sum()))

    def best(others: list[int]) -> int:
        """Return the candidate that leaves the fewest tokens beside the `others`."""
        return int((np.minimum(smallest(others), tokens) @ counts).argmin())

    while len(chosen) + 1 < most and (smallest(chosen) @ counts) * (1 - _ENOUGH) > lengths.sum():
        chosen.append(best(chosen))
        for number in list(range(len(chosen))) * _PASSES:
            chosen[number] = best(chosen[:number] + chosen[number + 1 :])
    found = np.unique([*candidates[chosen].tolist(), largest.tolist()], axis=0).astype(int)
    return found[np.argsort(found.sum(axis=1), kind="stable")]
