import numpy as np
import pytest

from dlcli import engine, figures
from dlcli.errors import UsageError
from dlcli.figures.options.images import Filters
from dlcli.techniques.cnn.learner import Learner


def numbers(run, **options):
    return figures.draw("filters", Filters(run=str(run), **options)).numbers


def test_the_first_convolution_is_drawn_unless_another_is_named(cnn_run):
    assert numbers(cnn_run)["layer"] == "conv1"
    assert np.shape(numbers(cnn_run, layer="conv2")["kernels"]) == (3, 3, 4, 8)


def test_the_kernels_are_those_of_the_network(cnn_run):
    kernel = engine.load(cnn_run, Learner).network.convolutions()["conv1"]
    np.testing.assert_allclose(numbers(cnn_run)["kernels"], kernel, rtol=1e-5)


def test_an_unknown_layer_names_those_there_are(cnn_run):
    with pytest.raises(UsageError, match="--layer must be one of conv1, conv2, got 'pool1'"):
        numbers(cnn_run, layer="pool1")
