"""The order of examples in training.

Step t takes the positions t·batch … (t + 1)·batch - 1 of an endless sequence of epochs; epoch e is a permutation of the
examples with the seed (seed, e). A batch is therefore a pure function of the seed and the step, for examples in memory
and for examples decoded from files.
"""

from __future__ import annotations

import functools

import numpy as np

STEPS = 2**40  # more than any run makes


class Order:
    """The examples of each training step."""

    def __init__(self, count: int, batch_size: int, seed: int):
        self.count, self.batch_size, self.seed = count, batch_size, seed
        # A batch spans at most two epochs, unless the set is smaller than a batch.
        self._epoch = functools.lru_cache(maxsize=4)(self._permutation)

    def at(self, step: int) -> np.ndarray:
        """Return the indices of the examples of a step, int64 [batch]."""
        epochs, offsets = self._positions(step)
        indices = np.empty_like(offsets)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._epoch(int(epoch))[offsets[here]]
        return indices

    def parity(self, step: int) -> np.ndarray:
        """Return a bit of each example of a step, int32 [batch]: random at first, it changes with each epoch."""
        epochs, _ = self._positions(step)
        parity: np.ndarray = (self._bits[self.at(step)] + epochs) % 2
        return parity.astype(np.int32)

    def _positions(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the epoch and the offset in the epoch of each example of a step, int64 [batch]."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        epochs, offsets = np.divmod(positions, self.count)
        return epochs, offsets

    @functools.cached_property
    def _bits(self) -> np.ndarray:
        """A random bit of each example, uint8 [example]."""
        return np.random.default_rng([self.seed, self.count]).integers(2, size=self.count, dtype=np.uint8)

    def _permutation(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.count)
