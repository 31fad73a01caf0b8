"""A convolution is equivariant to shifts: a shifted input gives an equally shifted output.

With stride s, a shift by s pixels shifts the output by one unit. The shifted object stays away from the borders, where
zero padding breaks the symmetry. A dense layer of the same size is not equivariant.

Formula: conv(shift_{s·n} x) = shift_n conv(x).

Reference: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.2.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.convolution import Convolution
from dlcli.nn.receptive_field import Window

_SIDE, _OBJECT, _INPUTS, _OUTPUTS = 16, 5, 2, 3
_SHIFT = (2, 4)  # output units, rows and columns
_TOLERANCE = 1e-5  # sums of 18 products in float32
_VISIBLE = 1e-2


def check() -> Result:
    """Shift a small random object in an empty image, for stride 1 and 2, and for a dense layer."""
    random = np.random.default_rng(0)
    patch = random.normal(size=[_OBJECT, _OBJECT, _INPUTS]).astype(np.float32)
    errors = {stride: _error(patch, stride) for stride in (1, 2)}
    kernel = random.normal(size=[_SIDE * _SIDE * _INPUTS, _SIDE * _SIDE]).astype(np.float32) / _SIDE
    here, there = ((_image(patch, shift).ravel() @ kernel).reshape(1, _SIDE, _SIDE, 1) for shift in ((0, 0), _SHIFT))
    dense = float(np.abs(_moved(here, _SHIFT) - there).max())
    error = max(errors.values())
    numbers = {"max_difference": error} | {f"difference_at_stride_{stride}": each for stride, each in errors.items()}
    numbers |= {"difference_of_a_dense_layer": dense}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=error <= _TOLERANCE and dense >= _VISIBLE)


def _error(patch: np.ndarray, stride: int) -> float:
    layer = Convolution(_INPUTS, _OUTPUTS, Window(3, stride=stride, padding=1), rngs=nnx.Rngs(0))
    shift = tuple(stride * units // 2 for units in _SHIFT)
    here, there = (np.asarray(layer(jnp.asarray(_image(patch, moved)[None]))) for moved in ((0, 0), shift))
    return float(np.abs(_moved(here, tuple(each // stride for each in shift)) - there).max())


def _image(patch: np.ndarray, shift: tuple[int, ...]) -> np.ndarray:
    """Return an image with the object at row and column 2 plus the shift."""
    image = np.zeros([_SIDE, _SIDE, _INPUTS], np.float32)
    row, column = (2 + each for each in shift)
    image[row : row + _OBJECT, column : column + _OBJECT] = patch
    return image


def _moved(maps: np.ndarray, shift: tuple[int, ...]) -> np.ndarray:
    """Shift maps [batch, height, width, channel] by rows and columns, cyclically; what leaves is zero here."""
    return np.roll(maps, shift, axis=(1, 2))
