import jax
import numpy as np
from flax import nnx

from dlcli.nn.receptive_field import Window
from dlcli.nn.whitening import Whitening, whitening_kernel


def images() -> np.ndarray:
    """Smooth random images, whose neighbouring pixels are correlated."""
    noise = np.random.default_rng(0).normal(size=[200, 9, 9, 2])
    return (noise[:, 1:, 1:] + noise[:, :-1, 1:] + noise[:, 1:, :-1]).astype(np.float32)


def outputs_on(images: np.ndarray) -> np.ndarray:
    """The first half of the outputs of a layer on the images that it was fitted to, [patch, output]."""
    layer = Whitening(2, Window(2), lambda x: x)
    layer.fit(images)
    return np.asarray(jax.jit(lambda images: layer(images))(images)).reshape(-1, 16)[:, :8]


def test_outputs_on_the_fitted_images_are_uncorrelated_with_unit_variance():
    outputs = outputs_on(30 * images())  # so large that the number added to the variances has no effect
    np.testing.assert_allclose(np.cov(outputs, rowvar=False), np.eye(8), atol=0.01)


def test_directions_of_little_variance_are_amplified_less():
    variances = np.var(outputs_on(images() / 30), axis=0)
    assert (np.diff(variances) < 0).all()
    assert variances.max() < 0.5


def test_the_second_half_of_the_filters_is_the_negative_of_the_first():
    kernel = whitening_kernel(images(), 2)
    np.testing.assert_array_equal(kernel[..., 8:], -kernel[..., :8])


def test_a_constant_direction_has_a_bounded_gain():
    kernel = whitening_kernel(np.ones([4, 5, 5, 1], np.float32), 2)
    assert np.isfinite(kernel).all()
    assert np.abs(kernel).max() < 50


def test_only_the_bias_is_a_parameter():
    layer = Whitening(3, Window(2), lambda x: x)
    assert [leaf.shape for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param))] == [(24,)]
    assert not layer.is_fitted
