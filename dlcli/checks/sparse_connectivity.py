"""Each output unit of a convolution depends on exactly k·k·c inputs, through weights that all units share.

A convolution is a dense layer with a sparse matrix of repeated entries; the check builds that matrix explicitly.

Formula: y_{ijo} = Σ_{a, b, c} w_{abco} x_{i + a, j + b, c}: k · k · c nonzero entries in each row of the matrix.

Reference: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.convolution import Convolution
from dlcli.nn.receptive_field import Window

_SIDE, _INPUTS, _OUTPUTS, _KERNEL = 7, 4, 3, 3
_TOLERANCE = 1e-5  # sums of 36 products in float32


def check() -> Result:
    """Build the matrix of a convolution, and compare it with the outputs and the Jacobian of the layer."""
    layer = Convolution(_INPUTS, _OUTPUTS, Window(_KERNEL), rngs=nnx.Rngs(0))
    matrix = _matrix(np.asarray(layer.kernel[...]))
    images = np.random.default_rng(0).normal(size=[8, _SIDE, _SIDE, _INPUTS]).astype(np.float32)
    error = float(np.abs(np.asarray(layer(jnp.asarray(images))).reshape(8, -1) - images.reshape(8, -1) @ matrix).max())

    def flat(row: jax.Array) -> jax.Array:
        return layer(row.reshape(1, _SIDE, _SIDE, _INPUTS)).ravel()

    jacobian = np.asarray(jax.jacobian(flat)(jnp.asarray(images[0].ravel())))  # [output unit, input unit]
    reached = (jacobian != 0).sum(axis=1)
    slope = float(np.abs(jacobian - matrix.T).max())
    expected = _KERNEL * _KERNEL * _INPUTS
    numbers = {
        "max_difference_to_matrix": max(error, slope),
        "min_inputs_per_unit": int(reached.min()),
        "max_inputs_per_unit": int(reached.max()),
        "k_k_c": expected,
        "connections": int((matrix != 0).sum()),
        "dense_connections": matrix.size,
        "distinct_weights": len(np.unique(matrix[matrix != 0])),
        "parameters": int(layer.kernel[...].size),
    }
    sparse = numbers["min_inputs_per_unit"] == numbers["max_inputs_per_unit"] == expected
    shared = numbers["distinct_weights"] == numbers["parameters"]
    holds = max(error, slope) <= _TOLERANCE and sparse and shared
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=holds)


def _matrix(kernel: np.ndarray) -> np.ndarray:
    """Return the matrix from inputs to outputs, [height · width · input, height' · width' · output]."""
    after = _SIDE - _KERNEL + 1
    matrix = np.zeros([_SIDE, _SIDE, _INPUTS, after, after, _OUTPUTS], np.float32)
    for row in range(after):
        for column in range(after):
            matrix[row : row + _KERNEL, column : column + _KERNEL, :, row, column] = kernel
    return matrix.reshape(_SIDE * _SIDE * _INPUTS, after * after * _OUTPUTS)
