import optax

from dlcli.checks import muon_orthogonal
from dlcli.optim import build


def test_it_holds():
    found = muon_orthogonal.check()
    assert found.holds
    assert found.numbers["max_mixing_of_singular_vectors"] > 0


def test_plain_momentum_keeps_the_singular_values_of_the_gradient_and_fails(monkeypatch):
    monkeypatch.setattr(build, "rule", lambda name, momentum: optax.trace(momentum))
    found = muon_orthogonal.check()
    assert not found.holds
    assert found.numbers["min_singular_value"] < 0.1


def test_the_sign_of_the_gradient_has_other_singular_vectors_and_fails(monkeypatch):
    monkeypatch.setattr(build, "rule", lambda name, momentum: optax.scale_by_sign())
    found = muon_orthogonal.check()
    assert not found.holds
    assert found.numbers["max_mixing_of_singular_vectors"] > 0.02
