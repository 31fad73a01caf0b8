import optax
import pytest

from dlcli.checks import momentum_sum
from dlcli.optim import build


def test_it_holds():
    found = momentum_sum.check()
    assert found.holds
    assert 0 < found.numbers["max_relative_error"] <= found.tolerance


@pytest.mark.parametrize(
    "rule", [lambda share: optax.trace(share, nesterov=True), lambda share: optax.ema(share, debias=False)]
)
def test_neither_nesterovs_velocity_nor_an_average_is_the_sum(rule, monkeypatch):
    monkeypatch.setattr(build, "rule", lambda name, share: rule(share))
    assert not momentum_sum.check().holds
