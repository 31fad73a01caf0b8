"""An encoder without positional encodings is permutation equivariant: permuted inputs give equally permuted outputs.

With any of the positional encodings the outputs differ, so that they carry the order.

Formula: f(P x) = P f(x) for every permutation matrix P.

Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.5; Lee et al., "Set
Transformer", 2019, arXiv:1810.00825, section 3.1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.attention import padding_mask, sinusoidal_positions
from dlcli.nn.transformer import TransformerStack
from dlcli.nn.transformer_config import preset

_LENGTH, _WIDTH = 12, 32
_TOLERANCE = 1e-5  # outputs have a variance of 1; float32
_VISIBLE = 1e-2  # difference above which positions matter


def check() -> Result:
    """Permute the inputs of encoders without positions, with added and with rotary ones."""
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=[2, _LENGTH, _WIDTH]), jnp.float32)
    order = random.permutation(_LENGTH)
    encodings = sinusoidal_positions(jnp.arange(_LENGTH), _WIDTH)[None]
    # The blocks of "gpt2" have no positions of their own: they are part of its embedding.
    error = _difference("gpt2", x, order, jnp.zeros_like(encodings))
    added = _difference("gpt2", x, order, encodings)
    rotary = _difference("modern", x, order, jnp.zeros_like(encodings))
    numbers = {
        "max_difference_without_positions": error,
        "max_difference_with_sinusoidal_positions": added,
        "max_difference_with_rotary_positions": rotary,
        "tokens": _LENGTH,
    }
    holds = error <= _TOLERANCE and min(added, rotary) >= _VISIBLE
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=holds)


def _difference(name: str, x: jax.Array, order: np.ndarray, encodings: jax.Array) -> float:
    """Return the largest difference of f(P x) and P f(x) of an encoder of random weights."""
    config = preset(name, d_model=_WIDTH, heads=4, layers=2, context=_LENGTH)
    stack = TransformerStack(config, rngs=nnx.Rngs(0))
    graph, state = nnx.split(stack)
    # Larger weights than for training, so that attention is far from uniform.
    state = jax.tree.map(lambda leaf: 10 * leaf if leaf.ndim == 2 else leaf, state)

    @jax.jit
    def encode(state: nnx.State, x: jax.Array) -> jax.Array:
        mask = padding_mask(jnp.full([len(x)], _LENGTH), _LENGTH)
        return nnx.merge(graph, state)(x + encodings, mask)[0]

    return float(jnp.abs(encode(state, x[:, order]) - encode(state, x)[:, order]).max())
