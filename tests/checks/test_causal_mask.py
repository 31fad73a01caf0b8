import jax.numpy as jnp

from dlcli.checks import causal_mask
from dlcli.techniques.transformer import model


def test_it_holds():
    assert causal_mask.check().holds


def test_without_the_mask_later_tokens_leak(monkeypatch):
    monkeypatch.setattr(model, "causal_mask", lambda time: jnp.ones([1, 1, time, time], bool))
    found = causal_mask.check()
    assert not found.holds
    assert found.numbers["max_change_before_changed_token"] > 0
