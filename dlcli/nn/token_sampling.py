"""Token sampling from logits: temperature, top-k, top-p (nucleus)."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def filtered_log_probabilities(
    logits: jax.Array,
    *,
    temperature: float | jax.Array = 1.0,
    top_k: int | None = None,
    top_p: float | jax.Array | None = None,
) -> jax.Array:
    """Return the log-probabilities to sample from, float32 [..., vocabulary]; excluded tokens have -inf.

    Temperature is applied first, then top-k, then top-p. Ties at the top-k threshold are all kept; the most likely
    token is always kept.

    Args:
        logits: [..., vocabulary].
        temperature: divisor of the logits, above 0; below 1 likely tokens become more likely.
        top_k: number of most likely tokens to keep; None: all.
        top_p: keep the most likely tokens whose total probability reaches this, in (0, 1]; None: all.

    Reference: Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020,
    arXiv:1904.09751, section 3.1 (top-p); Fan, Lewis and Dauphin, "Hierarchical Neural Story
    Generation", 2018, arXiv:1805.04833, section 5.4 (top-k).
    """
    logits = logits.astype(jnp.float32) / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        threshold = jax.lax.top_k(logits, top_k)[0][..., -1:]
        logits = jnp.where(logits < threshold, -jnp.inf, logits)
    if top_p is not None and (isinstance(top_p, jax.Array) or top_p < 1):
        order = jnp.argsort(-logits, axis=-1, stable=True)
        probabilities = jax.nn.softmax(jnp.take_along_axis(logits, order, axis=-1), axis=-1)
        # A token is kept while the more likely ones have not reached top_p, so the first always is.
        kept = jnp.cumsum(probabilities, axis=-1) - probabilities < top_p
        ranks = jnp.argsort(order, axis=-1)
        logits = jnp.where(jnp.take_along_axis(kept, ranks, axis=-1), logits, -jnp.inf)
    return jax.nn.log_softmax(logits, axis=-1)


def sample_tokens(
    key: jax.Array,
    logits: jax.Array,
    *,
    temperature: float | jax.Array = 1.0,
    top_k: int | None = None,
    top_p: float | jax.Array | None = None,
) -> jax.Array:
    """Sample a token for each row of logits, [..., vocabulary]: int32 [...]; temperature 0 is greedy."""
    if not isinstance(temperature, jax.Array) and temperature == 0:
        return logits.argmax(axis=-1).astype(jnp.int32)
    log_probabilities = filtered_log_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    return jax.random.categorical(key, log_probabilities, axis=-1).astype(jnp.int32)
