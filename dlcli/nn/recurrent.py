"""Recurrent layers: Elman, LSTM and GRU cells, unrolled over time.

Axes: batch, time, feature; gate (blocks of the last axis), state (the arrays of a carry: the hidden state, and for
an LSTM the cell state), layer.

Gates are in PyTorch's order and follow PyTorch's equations, so weights can be copied. An Elman or LSTM cell has one
bias where PyTorch has two, whose sum is all that matters.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import uniform

Carry = tuple[jax.Array, ...]
Activation = Literal["sigmoid", "tanh"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """The equations of a recurrent cell.

    Attributes:
        gates: number of gates, each a block of features of the input and recurrent products.
        states: number of arrays in the carry; the first is the hidden state, which is also the output.
        step: maps the carry and the contributions of the input and of the hidden state to the gates,
            [batch, gate · feature] each, to the next carry.
        forget_gate: index of the gate whose bias is initialized to 1; None if the cell has no such gate.
        recurrent_bias: whether the recurrent product has a bias in addition to that of the input product.
    """

    gates: int
    states: int
    step: Callable[[Carry, jax.Array, jax.Array], Carry]
    forget_gate: int | None = None
    recurrent_bias: bool = False


def _elman(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return h' = tanh(x + r): Elman, "Finding Structure in Time", 1990."""
    return (jnp.tanh(inputs + recurrent),)


def _lstm(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return the hidden state and the cell state; gates: input, forget, candidate, output.

    Reference: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of
    Gers, Schmidhuber and Cummins, "Learning to Forget", 2000.
    """
    functions: tuple[Activation, ...] = ("sigmoid", "sigmoid", "tanh", "sigmoid")
    input_gate, forget_gate, candidate, output_gate = _activate(inputs + recurrent, functions)
    cell_state = forget_gate * carry[1] + input_gate * candidate
    return output_gate * jnp.tanh(cell_state), cell_state


def _gru(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return the hidden state; gates: reset, update, candidate.

    Reference: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014,
    arXiv:1406.1078, section 2.3. As in PyTorch, the reset gate is applied after the recurrent product.
    """
    cut = 2 * carry[0].shape[-1]
    (input_gates, input_candidate), (recurrent_gates, recurrent_candidate) = (
        jnp.split(each, [cut], axis=-1) for each in (inputs, recurrent)
    )
    reset_gate, update_gate = _activate(input_gates + recurrent_gates, ("sigmoid", "sigmoid"))
    candidate = jnp.tanh(input_candidate + reset_gate * recurrent_candidate)
    return ((1 - update_gate) * candidate + update_gate * carry[0],)


def _activate(preactivations: jax.Array, functions: Sequence[Activation]) -> list[jax.Array]:
    """Apply one activation function per gate, by a single tanh over all gates.

    σ(x) = tanh(x / 2) / 2 + 1 / 2. The barrier prevents XLA's CPU compiler from recomputing a gate at each of its
    uses, which halves the speed of the scan over time.

    Args:
        preactivations: [batch, gate · feature].
        functions: one per gate.

    Returns:
        The gates, [batch, feature] each.
    """
    width = preactivations.shape[-1] // len(functions)
    scale = jnp.repeat(jnp.array([0.5 if each == "sigmoid" else 1.0 for each in functions]), width)[None]
    shift = jnp.repeat(jnp.array([0.5 if each == "sigmoid" else 0.0 for each in functions]), width)[None]
    gates = jax.lax.optimization_barrier(jnp.tanh(preactivations * scale) * scale + shift)
    return jnp.split(gates, len(functions), axis=-1)


CELLS = {
    "elman": Cell(gates=1, states=1, step=_elman),
    "lstm": Cell(gates=4, states=2, step=_lstm, forget_gate=1),
    "gru": Cell(gates=3, states=1, step=_gru, recurrent_bias=True),
}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll(cell: Cell, inputs: jax.Array, carry: Carry, kernel: jax.Array, bias: jax.Array) -> tuple[jax.Array, Carry]:
    """Run a cell over time.

    The kernel's gradient is one product over all time steps after the backward scan; inside the scan it would be a
    small product and a sum over the whole kernel at each step.

    Args:
        cell: the equations.
        inputs: contributions of the inputs to the gates, [time, batch, gate · feature].
        carry: the initial states, float32 [batch, feature] each.
        kernel: recurrent weights, [feature, gate · feature].
        bias: of the recurrent product, [gate · feature].

    Returns:
        The outputs, float32 [time, batch, feature], and the last carry.
    """

    def step(carry: Carry, x: jax.Array) -> tuple[Carry, jax.Array]:
        carry = cell.step(carry, x, _recurrent_product(carry[0], kernel, bias))
        return carry, carry[0]

    carry, outputs = jax.lax.scan(step, carry, inputs)
    return outputs, carry


def _recurrent_product(hidden: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    product = jnp.matmul(hidden.astype(kernel.dtype), kernel, preferred_element_type=jnp.float32)
    return product + bias[None]


Residuals = tuple[Carry, jax.Array, jax.Array, jax.Array, jax.Array]


def _forward(
    cell: Cell, inputs: jax.Array, carry: Carry, kernel: jax.Array, bias: jax.Array
) -> tuple[tuple[jax.Array, Carry], Residuals]:
    def step(carry: Carry, x: jax.Array) -> tuple[Carry, tuple[jax.Array, Carry, jax.Array]]:
        recurrent = _recurrent_product(carry[0], kernel, bias)
        following = cell.step(carry, x, recurrent)
        return following, (following[0], carry, recurrent)

    last, (outputs, carries, recurrent) = jax.lax.scan(step, carry, inputs)
    return (outputs, last), (carries, inputs, recurrent, kernel, bias)


def _backward(
    cell: Cell, residuals: Residuals, cotangents: tuple[jax.Array, Carry]
) -> tuple[jax.Array, Carry, jax.Array, jax.Array]:
    carries, inputs, recurrent, kernel, bias = residuals
    output_gradients, last_gradient = cotangents
    transposed = kernel.T

    def step(carry_gradient: Carry, at: tuple[jax.Array, Carry, jax.Array, jax.Array]) -> tuple[Carry, Carry]:
        output_gradient, *primals = at
        # Recomputing the activations costs less than storing and loading them.
        _, vjp = jax.vjp(cell.step, *primals)
        cotangent = carry_gradient[0] + output_gradient, *carry_gradient[1:]
        carry_gradient, input_gradient, recurrent_gradient = jax.lax.optimization_barrier(vjp(cotangent))
        hidden_gradient = jnp.matmul(
            recurrent_gradient.astype(kernel.dtype), transposed, preferred_element_type=jnp.float32
        )
        return (carry_gradient[0] + hidden_gradient, *carry_gradient[1:]), (input_gradient, recurrent_gradient)

    scanned = output_gradients, carries, inputs, recurrent
    first_gradient, (input_gradients, recurrent_gradients) = jax.lax.scan(step, last_gradient, scanned, reverse=True)
    hidden, gates = carries[0].astype(kernel.dtype), recurrent_gradients.astype(kernel.dtype)
    kernel_gradient = jnp.einsum("tbf,tbg->fg", hidden, gates, preferred_element_type=jnp.float32)
    bias_gradient = recurrent_gradients.sum(axis=(0, 1), dtype=jnp.float32)
    return input_gradients, first_gradient, kernel_gradient.astype(kernel.dtype), bias_gradient.astype(bias.dtype)


unroll.defvjp(_forward, _backward)


class RecurrentLayer(nnx.Module):
    """A recurrent layer.

    Weights and biases are initialized uniformly in ±1/√features, as in PyTorch, except the forget gate's bias,
    which is initialized to 1 (Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent Network
    Architectures", 2015).

    Attributes:
        cell: the equations.
        kernel: input weights, float32 [input, gate · feature].
        recurrent_kernel: recurrent weights, float32 [feature, gate · feature].
        bias: of the input product, float32 [gate · feature].
        recurrent_bias: of the recurrent product, float32 [gate · feature]; None if the cell has none.
    """

    def __init__(self, cell: str, inputs: int, features: int, *, dtype: jnp.dtype = jnp.float32, rngs: nnx.Rngs):
        if cell not in CELLS:
            raise ValueError(f"the cell must be one of {', '.join(CELLS)}, got {cell!r}")
        self.cell = CELLS[cell]
        self.features = features
        self.dtype = jnp.dtype(dtype)
        gates, initializer = self.cell.gates * features, uniform(features**-0.5)
        self.kernel = nnx.Param(initializer(rngs.params(), (inputs, gates)))
        self.recurrent_kernel = nnx.Param(initializer(rngs.params(), (features, gates)))
        bias = initializer(rngs.params(), (gates,))
        if self.cell.forget_gate is not None:
            start = self.cell.forget_gate * features
            bias = bias.at[start : start + features].set(1.0)
        self.bias = nnx.Param(bias)
        recurrent_bias = nnx.Param(initializer(rngs.params(), (gates,))) if self.cell.recurrent_bias else None
        self.recurrent_bias = nnx.data(recurrent_bias)

    def __call__(self, x: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map [time, batch, input] to float32 [time, batch, feature].

        Args:
            x: the sequence, time first.
            carry: the initial states, float32 [state, batch, feature].

        Returns:
            The outputs and the last carry.
        """
        inputs = jnp.matmul(
            x.astype(self.dtype), self.kernel[...].astype(self.dtype), preferred_element_type=jnp.float32
        )
        inputs = inputs + self.bias[...].reshape(1, 1, -1)
        bias = jnp.zeros_like(self.bias[...]) if self.recurrent_bias is None else self.recurrent_bias[...]
        outputs, last = unroll(self.cell, inputs, tuple(carry), self.recurrent_kernel[...].astype(self.dtype), bias)
        return outputs, jnp.stack(last)


class RecurrentStack(nnx.Module):
    """Recurrent layers in sequence, with dropout between them.

    Attributes:
        layers: the layers, first to last.
        carry_shape: shape of one row's carry, [layer, state, feature].
    """

    def __init__(
        self,
        cell: str,
        sizes: tuple[int, ...],
        *,
        dropout: float = 0.0,
        dtype: jnp.dtype = jnp.float32,
        rngs: nnx.Rngs,
    ):
        """Build the layers.

        Args:
            cell: a name in `CELLS`.
            sizes: number of input features, then of the features of each layer.
            dropout: probability that an output of a layer, except the last, is set to zero in training.
            dtype: of the products; states and outputs are float32.
            rngs: random streams of the initial weights and of dropout.
        """
        pairs = itertools.pairwise(sizes)
        self.layers = nnx.List([RecurrentLayer(cell, *pair, dtype=dtype, rngs=rngs) for pair in pairs])
        self.dropout = nnx.Dropout(dropout, rngs=rngs)
        self.carry_shape = (len(self.layers), CELLS[cell].states, sizes[-1])

    def initial_carry(self, batch: int) -> jax.Array:
        """Return the carry at the start of a sequence: zeros, float32 [layer, state, batch, feature]."""
        layers, states, features = self.carry_shape
        return jnp.zeros([layers, states, batch, features])

    def __call__(self, x: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map [time, batch, input] to float32 [time, batch, feature].

        Returns:
            The outputs of the last layer, and the last carry of all layers.
        """
        outputs, last = self.layer_outputs(x, carry)
        return outputs[-1], last

    def layer_outputs(self, x: jax.Array, carry: jax.Array) -> tuple[list[jax.Array], jax.Array]:
        """Return the outputs of every layer, float32 [time, batch, feature] each, and the last carry."""
        outputs, last = [], []
        for number, layer in enumerate(self.layers):
            if number:
                # Drawn flat, because XLA's CPU compiler is slower over several axes.
                x = self.dropout(x.reshape(-1)).reshape(x.shape)
            x, layer_last = layer(x, carry[number])
            outputs.append(x)
            last.append(layer_last)
        return outputs, jnp.stack(last)


def reset_carry(carry: jax.Array, reset: jax.Array) -> jax.Array:
    """Zero the carry, [layer, state, batch, feature], in the rows where `reset`, bool [batch], is True."""
    return jnp.where(reset.reshape(1, 1, -1, 1), 0.0, carry)
