import jax.numpy as jnp

from dlcli.checks import attention_permutation
from dlcli.nn import attention


def test_it_holds():
    found = attention_permutation.check()
    assert found.holds
    assert found.numbers["max_difference_with_rotary_positions"] > 0.1


def test_attention_under_a_causal_mask_fails(monkeypatch):
    monkeypatch.setattr(attention_permutation, "padding_mask", lambda lengths, keys: attention.causal_mask(keys))
    assert not attention_permutation.check().holds


def test_without_any_positional_encoding_the_order_is_lost_and_the_check_fails(monkeypatch):
    def zero(positions, width):
        return jnp.zeros([len(positions), width])

    monkeypatch.setattr(attention_permutation, "sinusoidal_positions", zero)
    found = attention_permutation.check()
    assert not found.holds
    assert found.numbers["max_difference_with_sinusoidal_positions"] < 1e-5
