import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from pydantic import ValidationError

from dlcli.figures import convolution
from dlcli.figures.options.images import KERNELS, Convolution, parse_kernel
from dlcli.nn.convolution import Convolution as Layer
from dlcli.nn.receptive_field import Window
from tests.reading import draw


@pytest.fixture(scope="module")
def drawn():
    return draw(Convolution(side=8, stride=2, padding=1))


def test_the_output_is_that_of_a_convolutional_layer(drawn):
    kernel = np.array(drawn.numbers["kernel"], np.float32)
    layer = Layer(1, 1, Window(3, stride=2), rngs=nnx.Rngs(0))
    layer.kernel[...] = jnp.asarray(kernel[:, :, None, None])
    image = np.array(drawn.numbers["input"], np.float32)
    np.testing.assert_allclose(layer(image[None, ..., None])[0, ..., 0], drawn.numbers["output"], atol=1e-5)


def test_the_output_has_the_size_of_the_formula(drawn):
    assert np.shape(drawn.numbers["input"]) == (10, 10)
    assert np.shape(drawn.numbers["output"]) == (4, 4)  # (8 + 2 - 3) // 2 + 1


def test_edges_of_a_constant_image_are_zero():
    flat = np.full([6, 6], 0.3)
    for name in ("vertical-edges", "horizontal-edges", "laplacian"):
        np.testing.assert_allclose(convolution.convolve(flat, np.array(parse_kernel(name)), 1), 0, atol=1e-12)
    for name in ("blur", "sharpen"):
        np.testing.assert_allclose(convolution.convolve(flat, np.array(parse_kernel(name)), 1), 0.3)


def test_the_animation_fills_the_map_window_by_window(drawn):
    animation = drawn.animation()
    assert animation.frames == 16
    output = animation.drawing.axes[3].images[0]
    written = []
    for frame in (0, 7, 15):
        animation.show(frame)
        gray = np.isclose(output.get_array(), 0.6).all(axis=-1)
        written.append(int((~gray).sum()))
    assert written == [1, 8, 16]


def test_the_sum_of_a_window_is_the_value_of_its_unit(drawn):
    animation = drawn.animation()
    for frame in (0, 5, 15):
        animation.show(frame)
        texts = [text.get_text() for text in animation.drawing.axes[2].texts]
        found = next(float(text.removeprefix("sum = ")) for text in texts if text.startswith("sum"))
        assert found == pytest.approx(np.ravel(drawn.numbers["output"])[frame], abs=0.006)


@pytest.mark.parametrize("kernel", ["edges", "1,2,3", "1,a,3", "nan"])
def test_other_kernels_are_refused(kernel):
    with pytest.raises(ValidationError, match="must be"):
        Convolution(kernel=kernel)


def test_a_kernel_can_be_given_row_by_row():
    assert parse_kernel("0,1,0,1,-4,1,0,1,0") == parse_kernel("laplacian")
    assert parse_kernel("-1") == [[-1.0]]
    assert set(KERNELS) <= set(Convolution.model_fields["kernel"].description.replace(",", "").split())
