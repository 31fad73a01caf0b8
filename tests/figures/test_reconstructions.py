import numpy as np
import pytest

from dlcli.figures.options.representation import Reconstructions
from tests.reading import draw


def test_the_errors_are_those_of_the_pictures(autoencoder_run):
    found = draw(Reconstructions(run=str(autoencoder_run), count=12)).numbers
    inputs, outputs = (np.array(found[name], float) for name in ("inputs", "reconstructions"))
    assert inputs.shape == (12, 8, 8, 1)
    expected = np.square((outputs - inputs) / 255).reshape(12, -1).mean(axis=1)
    assert found["squared_errors"] == pytest.approx(expected, rel=1e-4)
