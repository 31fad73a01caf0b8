"""From logits to a draw: temperature, the k likeliest, the nucleus."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def truncate(
    logits: jax.Array, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> jax.Array:
    """Return the log-probabilities to draw from, float32 [..., vocab]; what is excluded has -inf.

    The temperature comes first, then the k likeliest, then the nucleus among these. Ties at the
    border of the k likeliest all stay in; the likeliest entry always does.

    Args:
        logits: [..., vocab].
        temperature: what the logits are divided by; above 0. Below 1 likely entries become likelier.
        top_k: entries that stay at most, but for ties; None: all.
        top_p: the likeliest entries stay that together reach this probability; None: all.

    Reference: Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020,
    arXiv:1904.09751, section 3.1 (nucleus); Fan, Lewis and Dauphin, "Hierarchical Neural Story
    Generation", 2018, arXiv:1805.04833, section 5.4 (top-k).
    """
    logits = logits.astype(jnp.float32) / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        least = jax.lax.top_k(logits, top_k)[0][..., -1:]
        logits = jnp.where(logits < least, -jnp.inf, logits)
    if top_p is not None and top_p < 1:
        order = jnp.argsort(-logits, axis=-1, stable=True)
        ranked = jnp.take_along_axis(logits, order, axis=-1)
        shares = jax.nn.softmax(ranked, axis=-1)
        # An entry stays while the likelier ones have not reached the probability, so the first always does.
        inside = jnp.cumsum(shares, axis=-1) - shares < top_p
        places = jnp.argsort(order, axis=-1)
        logits = jnp.where(jnp.take_along_axis(inside, places, axis=-1), logits, -jnp.inf)
    return jax.nn.log_softmax(logits, axis=-1)


def draw(
    key: jax.Array,
    logits: jax.Array,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> jax.Array:
    """Draw an entry for each row of logits, int32 [...] of [..., vocab]; temperature 0 takes the likeliest."""
    if temperature == 0:
        return logits.argmax(axis=-1).astype(jnp.int32)
    kept = truncate(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    return jax.random.categorical(key, kept, axis=-1).astype(jnp.int32)
