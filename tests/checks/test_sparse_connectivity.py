import jax
import pytest

from dlcli.checks import sparse_connectivity
from dlcli.nn.convolution import Convolution


def test_it_holds_for_the_counted_connections():
    found = sparse_connectivity.check()
    assert found.holds
    assert found.numbers["connections"] == 5 * 5 * 3 * found.numbers["k_k_c"]
    assert found.numbers["dense_connections"] == 7 * 7 * 4 * 5 * 5 * 3


@pytest.mark.parametrize("change", [lambda y, x: y + x.mean(), lambda y, x: 1.01 * y])
def test_a_layer_with_another_window_fails(change, monkeypatch):
    right = Convolution.__call__
    monkeypatch.setattr(Convolution, "__call__", lambda self, x: change(right(self, x), x))
    assert not sparse_connectivity.check().holds


def test_weights_that_depend_on_the_position_fail(monkeypatch):
    right = Convolution.__call__

    def uneven(self, x):
        y = right(self, x)
        return y.at[:, 0].multiply(jax.numpy.float32(2))

    monkeypatch.setattr(Convolution, "__call__", uneven)
    assert not sparse_connectivity.check().holds
