import jax.numpy as jnp

from dlcli.checks import chain_rule
from dlcli.nn import recurrent
from dlcli.techniques.transformer import model


def test_it_holds():
    found = chain_rule.check()
    assert found.holds
    assert found.numbers["texts"] == 4**5


def test_a_decoder_that_sees_its_target_fails(monkeypatch):
    monkeypatch.setattr(model, "causal_mask", lambda time: jnp.ones([1, 1, time, time], bool))
    assert not chain_rule.check().holds


def test_a_state_that_is_not_carried_fails(monkeypatch):
    layered = recurrent.RecurrentStack.layer_outputs
    monkeypatch.setattr(
        recurrent.RecurrentStack, "layer_outputs", lambda self, x, carry: (layered(self, x, carry)[0], carry)
    )
    assert not chain_rule.check().holds
