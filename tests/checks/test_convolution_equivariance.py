import numpy as np

from dlcli.checks import convolution_equivariance
from dlcli.nn.convolution import Convolution


def test_it_holds():
    found = convolution_equivariance.check()
    assert found.holds
    assert found.numbers["difference_of_a_dense_layer"] > 0.1


def test_a_layer_whose_output_depends_on_the_position_fails(monkeypatch):
    right = Convolution.__call__

    def positional(self, x):
        y = right(self, x)
        return y + 0.01 * np.arange(y.shape[1], dtype=np.float32).reshape(1, -1, 1, 1)

    monkeypatch.setattr(Convolution, "__call__", positional)
    assert not convolution_equivariance.check().holds
