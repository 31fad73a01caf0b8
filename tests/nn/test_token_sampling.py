import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn.token_sampling import filtered_log_probabilities, sample_tokens

LOGITS = np.random.default_rng(0).normal(size=[4, 9]).astype(np.float32)


def slow(logits, temperature, top_k, top_p):
    """Compute the probabilities row by row, token by token."""
    rows = []
    for row in np.asarray(logits, np.float64) / temperature:
        ranked = sorted(range(len(row)), key=lambda token: -row[token])[:top_k]
        probabilities = np.exp(row[ranked]) / np.exp(row[ranked]).sum()
        kept, total = [], 0.0
        for token, probability in zip(ranked, probabilities, strict=True):
            if total < (1 if top_p is None else top_p):
                kept.append(token)
            total += probability
        probabilities = np.zeros(len(row))
        probabilities[kept] = np.exp(row[kept]) / np.exp(row[kept]).sum()
        rows.append(probabilities)
    return np.stack(rows)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), list(itertools.product([0.5, 2.0], [None, 1, 4, 20], [None, 0.1, 0.6, 1.0]))
)
def test_probabilities_equal_a_plain_loop(temperature, top_k, top_p):
    found = np.exp(filtered_log_probabilities(jnp.asarray(LOGITS), temperature=temperature, top_k=top_k, top_p=top_p))
    np.testing.assert_allclose(found, slow(LOGITS, temperature, top_k, top_p), atol=1e-6)


def test_the_most_likely_token_is_kept_for_any_top_p():
    found = filtered_log_probabilities(jnp.asarray(LOGITS), top_p=1e-6)
    np.testing.assert_array_equal(np.isfinite(found).sum(axis=-1), 1)
    np.testing.assert_array_equal(found.argmax(axis=-1), LOGITS.argmax(axis=-1))


def test_samples_have_the_frequencies_of_the_distribution():
    logits = jnp.broadcast_to(jnp.asarray(LOGITS[0]), [20_000, 9])
    found = np.bincount(sample_tokens(jax.random.key(0), logits, temperature=0.8, top_k=5), minlength=9) / 20_000
    expected = slow(LOGITS[:1], 0.8, 5, None)[0]
    # Four standard deviations of a frequency near 1/2.
    np.testing.assert_allclose(found, expected, atol=4 * 0.5 / 20_000**0.5)
    assert not found[expected == 0].any()


def test_temperature_0_is_greedy():
    found = sample_tokens(jax.random.key(0), jnp.asarray(LOGITS), temperature=0)
    np.testing.assert_array_equal(found, LOGITS.argmax(axis=-1))


def test_the_key_determines_the_sample():
    first, again, other = (sample_tokens(jax.random.key(seed), jnp.zeros([50, 9])) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
