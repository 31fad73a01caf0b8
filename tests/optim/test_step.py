import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dlcli.optim.step import descend


class Line(nnx.Module):
    def __init__(self):
        self.kernel = nnx.Param(jnp.array([[3.0], [4.0]]))
        self.bias = nnx.Param(jnp.array([2.0]))


def made(penalty=(0.0, 0.0), wrt=nnx.Param):
    """Take a step with learning rate 0.1 on half the squared parameters; return the line and its metrics."""
    line, schedule = Line(), optax.constant_schedule(0.1)
    optimizer = nnx.Optimizer(line, optax.sgd(schedule), wrt=wrt)

    def loss_of(line):
        return (jnp.square(line.kernel[...]).sum() + jnp.square(line.bias[...]).sum()) / 2, "more"

    return line, *descend(line, optimizer, loss_of, schedule=schedule, penalty=penalty)


def test_a_step_lowers_the_loss():
    line, more, numbers = made()
    np.testing.assert_allclose(line.kernel[...], [[2.7], [3.6]], rtol=1e-6)
    np.testing.assert_allclose(line.bias[...], [1.8], rtol=1e-6)
    assert more == "more"
    assert {name: float(value) for name, value in numbers.items()} == pytest.approx(
        {"gradient_norm": 29**0.5, "learning_rate": 0.1}
    )


def test_a_penalty_is_reported_apart_from_the_loss():
    line, _, numbers = made(penalty=(0.5, 2.0))
    # λ₁·sign + λ₂·w beside the slope of the loss; the bias is no weight.
    np.testing.assert_allclose(line.kernel[...], [[3 - 0.1 * (3 + 0.5 + 6)], [4 - 0.1 * (4 + 0.5 + 8)]], rtol=1e-6)
    np.testing.assert_allclose(line.bias[...], [1.8], rtol=1e-6)
    assert float(numbers["penalty"]) == pytest.approx(0.5 * 7 + 2.0 / 2 * 25)


def test_other_parameters_do_not_change():
    line, _, numbers = made(penalty=(0.5, 0.0), wrt=nnx.All(nnx.Param, nnx.PathContains("bias")))
    np.testing.assert_array_equal(line.kernel[...], [[3.0], [4.0]])
    np.testing.assert_allclose(line.bias[...], [1.8], rtol=1e-6)
    assert float(numbers["penalty"]) == 0
