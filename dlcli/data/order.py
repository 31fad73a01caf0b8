"""The order of examples in training.

Step t takes the positions t·batch … (t + 1)·batch - 1 of an endless sequence of epochs; epoch e is a permutation of the
examples seeded by (seed, e). So a batch is a function of the seed and its step alone, whether the examples are in
memory or are decoded from their files.
"""

from __future__ import annotations

import functools

import numpy as np

STEPS = 2**40  # more than any run makes


class Order:
    """Which examples each step of training takes."""

    def __init__(self, count: int, batch_size: int, seed: int):
        self.count, self.batch_size, self.seed = count, batch_size, seed
        # A batch lies in two neighbouring epochs at most, unless the set is smaller than a batch.
        self._epoch = functools.lru_cache(maxsize=4)(self._permutation)

    def at(self, step: int) -> np.ndarray:
        """Return the examples of a step, int64 [batch]."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        epochs, places = np.divmod(positions, self.count)
        indices = np.empty_like(places)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._epoch(int(epoch))[places[here]]
        return indices

    def _permutation(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.count)
