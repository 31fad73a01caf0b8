import numpy as np
import pytest

from dlcli.checks import ema
from dlcli.nn.ema import EMA


def test_it_holds():
    assert ema.check().holds


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_the_coefficients_sum_to_one(decay):
    assert ema._coefficients(decay).sum() == pytest.approx(1)


def test_the_coefficients_of_two_updates_are_those_of_the_rule(monkeypatch):
    monkeypatch.setattr(ema, "_STEPS", 2)
    first, second = 0.1, 2 / 11  # decays of the updates
    np.testing.assert_allclose(ema._coefficients(0.9), [first * second, (1 - first) * second, 1 - second])


def test_an_average_without_warm_up_fails(monkeypatch):
    right = EMA.update

    def late(self, updates):
        self.updates.set_value(self.updates[...] + 1_000)
        right(self, updates)

    monkeypatch.setattr(EMA, "update", late)
    assert not ema.check().holds
