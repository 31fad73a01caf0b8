"""What the transformer's shapes lose on tokens and classes."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def cross_entropy(logits: jax.Array, labels: jax.Array, smoothing: float = 0.0) -> jax.Array:
    """Return -Σ t log p for targets t that spread `smoothing` evenly over all entries, in nats: float32 [...].

    Args:
        logits: [..., entry].
        labels: int [...].
        smoothing: share that is spread; the rest is the label's.

    Reference: Szegedy et al., "Rethinking the Inception Architecture", 2016, arXiv:1512.00567, section 7.
    """
    logits = logits.astype(jnp.float32)
    right = jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    aim = (1 - smoothing) * right
    if smoothing:
        aim += smoothing * logits.mean(axis=-1)
    return jax.nn.logsumexp(logits, axis=-1) - aim
