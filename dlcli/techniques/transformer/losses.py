"""The loss of all shapes of the transformer."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def cross_entropy(logits: jax.Array, labels: jax.Array, smoothing: float = 0.0) -> jax.Array:
    """Return the cross-entropy with label smoothing, in nats: float32 [...].

    The target is 1 - smoothing for the label plus smoothing / classes for every class.

    Args:
        logits: [..., class].
        labels: int [...].
        smoothing: in [0, 1).

    Reference: Szegedy et al., "Rethinking the Inception Architecture", 2016, arXiv:1512.00567, section 7.
    """
    logits = logits.astype(jnp.float32)
    label_logits = jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    expected = (1 - smoothing) * label_logits
    if smoothing:
        expected += smoothing * logits.mean(axis=-1)
    return jax.nn.logsumexp(logits, axis=-1) - expected
