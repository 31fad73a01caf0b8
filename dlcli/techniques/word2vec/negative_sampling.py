"""The distribution of negative samples: word counts to the power of 3/4."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

POWER = 0.75  # Mikolov et al., 2013, arXiv:1310.4546, section 2.2


class NegativeSamplingDistribution(nnx.Module):
    """Samples words in constant time, for any size of the vocabulary, by the alias method.

    It draws an index of a table, then either the word of that index or its alias. A search in cumulative float32
    sums would draw the rarest words of a large vocabulary at wrong rates.

    Reference: Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", 1991.

    Attributes:
        probabilities: of each index's own word, float32 [word].
        aliases: the other word of each index, int32 [word].
    """

    def __init__(self, counts: Sequence[int]):
        probabilities, aliases = alias_table(np.asarray(counts, np.float64) ** POWER)
        self.probabilities = nnx.Variable(jnp.asarray(probabilities))
        self.aliases = nnx.Variable(jnp.asarray(aliases))

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Return random word ids, int32 of this shape."""
        # One draw for both: `randint` and `uniform` would take three. The remainder changes a probability by less than
        # the number of words / 2³², relative to it.
        index_bits, alias_bits = jax.random.bits(key, (2, *shape), "uint32")
        index = (index_bits % len(self.probabilities)).astype(jnp.int32)
        own = (alias_bits >> 8).astype(jnp.float32) / 2**24 < self.probabilities[index]
        return jnp.where(own, index, self.aliases[index])


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each index's own word, float32 [word], and its alias, int32 [word]."""
    scaled = (weights * (len(weights) / weights.sum())).tolist()
    aliases = np.arange(len(scaled), dtype=np.int32)
    small = [index for index, weight in enumerate(scaled) if weight < 1]
    large = [index for index, weight in enumerate(scaled) if weight >= 1]
    while small and large:
        index, alias = small.pop(), large[-1]
        aliases[index] = alias
        scaled[alias] -= 1 - scaled[index]
        if scaled[alias] < 1:
            small.append(large.pop())
    for index in small + large:  # 1 except for rounding
        scaled[index] = 1.0
    return np.asarray(scaled, np.float32), aliases
