import optax

from dlcli.checks import adam_bias
from dlcli.optim import build


def test_it_holds():
    assert adam_bias.check().holds


def test_without_the_correction_of_the_second_moment_it_fails(monkeypatch):
    def uncorrected(name, momentum):
        adam = optax.scale_by_adam()
        update = lambda gradient, state: (state.mu / (state.nu**0.5 + 1e-8), adam.update(gradient, state)[1])  # noqa: E731
        return optax.GradientTransformation(adam.init, update)

    monkeypatch.setattr(build, "rule", uncorrected)
    assert not adam_bias.check().holds


def test_another_decay_of_the_moment_fails(monkeypatch):
    monkeypatch.setattr(build, "rule", lambda name, momentum: optax.scale_by_adam(b1=0.8))
    found = adam_bias.check()
    assert not found.holds
    assert found.numbers["moment_relative_error"] > found.tolerance
