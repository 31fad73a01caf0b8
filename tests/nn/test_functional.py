"""Compiled functions of modules."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.nn import functional


def test_a_compiled_function_can_be_differentiated_and_traced():
    layer = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    compiled = functional.jit(lambda layer, x: jnp.tanh(layer(x)), layer)
    x = jnp.linspace(-1, 1, 6).reshape(2, 3)
    assert jax.eval_shape(compiled, x).shape == (2, 2)
    found, expected = (
        jax.grad(lambda x, each=each: each(x).sum())(x) for each in (compiled, lambda x: jnp.tanh(layer(x)))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(lambda x: compiled(x) + 1)(x), jnp.tanh(layer(x)) + 1, rtol=1e-6)


def test_changes_of_the_module_are_dropped():
    def count(counter, x):
        counter.calls.set_value(counter.calls[...] + 1)
        return counter.calls[...] + x

    counter = nnx.Module()
    counter.calls = nnx.Variable(jnp.zeros(()))
    compiled = functional.jit(count, counter)
    assert [float(compiled(jnp.zeros(()))) for _ in range(2)] == [1, 1]
    assert float(counter.calls[...]) == 0
