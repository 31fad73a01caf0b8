from dlcli.checks import l2_is_decay
from dlcli.optim import penalties


def test_it_holds():
    found = l2_is_decay.check()
    assert found.holds
    assert found.numbers["sgd_max_difference"] <= 1e-6
    assert found.numbers["adam_max_difference"] > 0.01


def test_a_penalty_without_its_half_fails(monkeypatch):
    right = penalties.penalty
    monkeypatch.setattr(penalties, "penalty", lambda parameters, l1, l2: right(parameters, l1, 2 * l2))
    assert not l2_is_decay.check().holds


def test_an_adam_with_coupled_decay_fails(monkeypatch):
    right = l2_is_decay._difference
    monkeypatch.setattr(l2_is_decay, "_difference", lambda name: right("sgd"))
    assert not l2_is_decay.check().holds
