import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn.sampling import draw, truncate

LOGITS = np.random.default_rng(0).normal(size=[4, 9]).astype(np.float32)


def slow(logits, temperature, top_k, top_p):
    """The same, row by row and entry by entry."""
    rows = []
    for row in np.asarray(logits, np.float64) / temperature:
        ranked = sorted(range(len(row)), key=lambda entry: -row[entry])[:top_k]
        shares = np.exp(row[ranked]) / np.exp(row[ranked]).sum()
        kept, total = [], 0.0
        for entry, share in zip(ranked, shares, strict=True):
            if total < (1 if top_p is None else top_p):
                kept.append(entry)
            total += share
        shares = np.zeros(len(row))
        shares[kept] = np.exp(row[kept]) / np.exp(row[kept]).sum()
        rows.append(shares)
    return np.stack(rows)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), list(itertools.product([0.5, 2.0], [None, 1, 4, 20], [None, 0.1, 0.6, 1.0]))
)
def test_what_stays_and_how_probable_it_is_agree_with_a_slow_version(temperature, top_k, top_p):
    found = np.exp(truncate(jnp.asarray(LOGITS), temperature=temperature, top_k=top_k, top_p=top_p))
    np.testing.assert_allclose(found, slow(LOGITS, temperature, top_k, top_p), atol=1e-6)


def test_the_likeliest_stays_however_small_the_nucleus():
    found = truncate(jnp.asarray(LOGITS), top_p=1e-6)
    np.testing.assert_array_equal(np.isfinite(found).sum(axis=-1), 1)
    np.testing.assert_array_equal(found.argmax(axis=-1), LOGITS.argmax(axis=-1))


def test_draws_have_the_frequencies_of_the_distribution():
    logits = jnp.broadcast_to(jnp.asarray(LOGITS[0]), [20_000, 9])
    found = np.bincount(draw(jax.random.key(0), logits, temperature=0.8, top_k=5), minlength=9) / 20_000
    expected = slow(LOGITS[:1], 0.8, 5, None)[0]
    # Four standard deviations of a share at most 1/2.
    np.testing.assert_allclose(found, expected, atol=4 * 0.5 / 20_000**0.5)
    assert not found[expected == 0].any()


def test_a_temperature_of_nothing_takes_the_likeliest():
    found = draw(jax.random.key(0), jnp.asarray(LOGITS), temperature=0)
    np.testing.assert_array_equal(found, LOGITS.argmax(axis=-1))


def test_equal_keys_draw_alike_and_others_do_not():
    first, again, other = (draw(jax.random.key(seed), jnp.zeros([50, 9])) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
