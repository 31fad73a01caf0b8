"""Random words, by their frequency to the power of 3/4."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

POWER = 0.75  # Mikolov et al., 2013, arXiv:1310.4546, section 2.2


class Noise(nnx.Module):
    """Draws words in constant time, whatever the vocabulary, by the alias method.

    It draws a place of a table and then either the word of that place or the one that shares it. A search in float32
    sums would draw the rarest words of a large vocabulary at wrong rates.

    Reference: Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", 1991.
    """

    def __init__(self, counts: Sequence[int]):
        shares, aliases = alias_table(np.asarray(counts, np.float64) ** POWER)
        self.shares = nnx.Variable(jnp.asarray(shares))
        self.aliases = nnx.Variable(jnp.asarray(aliases))

    def draw(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Return int32 word numbers."""
        first, second = jax.random.split(key)
        place = jax.random.randint(first, shape, 0, len(self.shares))
        return jnp.where(jax.random.uniform(second, shape) < self.shares[place], place, self.aliases[place])


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each place how likely its own word is, float32 [word], and the other one, int32 [word]."""
    scaled = (weights * (len(weights) / weights.sum())).tolist()
    aliases = np.arange(len(scaled), dtype=np.int32)
    small = [place for place, weight in enumerate(scaled) if weight < 1]
    large = [place for place, weight in enumerate(scaled) if weight >= 1]
    while small and large:
        place, other = small.pop(), large[-1]
        aliases[place] = other
        scaled[other] -= 1 - scaled[place]
        if scaled[other] < 1:
            small.append(large.pop())
    for place in small + large:  # 1 but for rounding
        scaled[place] = 1.0
    return np.asarray(scaled, np.float32), aliases
