import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn.receptive_field import ReceptiveField, Window

CHAINS = [
    [Window(3, 1, 1), Window(3, 1, 1), Window(3, 1, 1)],
    [Window(3, 1, 1), Window(2, 2), Window(3, 1, 1), Window(2, 2)],
    [Window(7, 2, 3), Window(1), Window(3, 2, 1)],
    [Window(4, 4), Window(7, 1, 3), Window(2, 2)],
]


def dependencies(unit, windows, size):
    """The first and the last pixel that a unit depends on, from the full Jacobian of a row of `size` pixels."""
    jacobian = np.eye(size)  # [unit, pixel]
    for window in windows:
        padded = np.pad(jacobian, [(window.padding,) * 2, (0, 0)])
        starts = range(0, window.output(len(jacobian)) * window.stride, window.stride)
        jacobian = np.stack([padded[start : start + window.kernel].sum(axis=0) for start in starts])
    pixels = np.flatnonzero(jacobian[unit])
    return pixels[0], pixels[-1]


@pytest.mark.parametrize("windows", CHAINS)
@pytest.mark.parametrize("unit", [0, 1])
def test_the_interval_is_exactly_the_pixels_that_a_unit_depends_on(windows, unit):
    first, last = ReceptiveField().through(windows).interval(unit)
    assert dependencies(unit, windows, 40) == (max(first, 0), min(last, 39))


def test_three_windows_of_size_three_have_a_receptive_field_of_seven():
    assert ReceptiveField().through([Window(3, 1, 1)] * 3) == ReceptiveField(size=7, jump=1, center=0.0)


def test_a_stride_enlarges_the_field_of_later_layers():
    field = ReceptiveField().through([Window(2, 2)])
    assert field == ReceptiveField(size=2, jump=2, center=0.5)
    assert field.through([Window(3, 1, 1)]) == ReceptiveField(size=6, jump=2, center=0.5)


@pytest.mark.parametrize("window", [Window(3, 1, 1), Window(3, 2, 1), Window(2, 2), Window(7, 2, 3)])
def test_the_output_size_of_a_window_is_that_of_a_convolution(window):
    row, kernel = (
        jax.ShapeDtypeStruct([1, 1, 13], jnp.float32),
        jax.ShapeDtypeStruct([1, 1, window.kernel], jnp.float32),
    )
    padding = [(window.padding, window.padding)]
    output = jax.eval_shape(
        lambda row, kernel: jax.lax.conv_general_dilated(row, kernel, (window.stride,), padding), row, kernel
    )
    assert output.shape[-1] == window.output(13)
