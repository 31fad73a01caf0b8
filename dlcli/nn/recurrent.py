"""Recurrent layers: a state that combines the past with the present.

Axes: batch, time, feature; gate (the parts of a cell, side by side on the last axis), state (what a
cell carries: its output, and for an LSTM the memory), layer.

Gates stand in PyTorch's order and follow its equations, so weights can be copied. An LSTM or Elman
cell has one bias in place of PyTorch's two, which are only ever added to each other.
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


@dataclasses.dataclass(frozen=True)
class Cell:
    """The equations of one kind of cell.

    Attributes:
        gates: blocks of features that its two products make.
        states: arrays it carries; the first is its output.
        step: maps the carry, and what the input and the last output contribute to the gates,
            [batch, gate · feature] each, to the next carry.
        forget: the gate whose bias begins at 1, so that a new cell remembers; None: none.
        recurrent_bias: whether the last output's contribution has a bias of its own.
    """

    gates: int
    states: int
    step: Callable[[Carry, jax.Array, jax.Array], Carry]
    forget: int | None = None
    recurrent_bias: bool = False


def _elman(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return h' = tanh(x + r): Elman, "Finding Structure in Time", 1990."""
    return (jnp.tanh(inputs + recurrent),)


def _lstm(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return the output and the memory; gates: input, forget, new memory, output.

    Reference: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of
    Gers, Schmidhuber and Cummins, "Learning to Forget", 2000.
    """
    entering, kept, new, shown = _activated(inputs + recurrent, ("sigmoid", "sigmoid", "tanh", "sigmoid"))
    memory = kept * carry[1] + entering * new
    return shown * jnp.tanh(memory), memory


def _gru(carry: Carry, inputs: jax.Array, recurrent: jax.Array) -> Carry:
    """Return the output; gates: reset, update, new.

    Reference: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014,
    arXiv:1406.1078, section 2.3. As in PyTorch, the reset gate stands behind the recurrent product.
    """
    cut = 2 * carry[0].shape[-1]
    (present, new), (recent, past) = (jnp.split(each, [cut], axis=-1) for each in (inputs, recurrent))
    reset, update = _activated(present + recent, ("sigmoid", "sigmoid"))
    new = jnp.tanh(new + reset * past)
    return ((1 - update) * new + update * carry[0],)


def _activated(sums: jax.Array, functions: Sequence[Literal["sigmoid", "tanh"]]) -> list[jax.Array]:
    """Return what each gate's function makes of its sums, [batch, feature] each, by one tanh over all gates.

    σ(x) = tanh(x / 2) / 2 + 1 / 2. The barrier keeps XLA's CPU compiler from computing a gate anew
    wherever it is used, which made the scan over time half as fast.
    """
    width = sums.shape[-1] // len(functions)
    scale = jnp.repeat(jnp.array([0.5 if each == "sigmoid" else 1.0 for each in functions]), width)[None]
    shift = jnp.repeat(jnp.array([0.5 if each == "sigmoid" else 0.0 for each in functions]), width)[None]
    gates = jax.lax.optimization_barrier(jnp.tanh(sums * scale) * scale + shift)
    return jnp.split(gates, len(functions), axis=-1)


CELLS = {
    "elman": Cell(gates=1, states=1, step=_elman),
    "lstm": Cell(gates=4, states=2, step=_lstm, forget=1),
    "gru": Cell(gates=3, states=1, step=_gru, recurrent_bias=True),
}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll(cell: Cell, inputs: jax.Array, carry: Carry, kernel: jax.Array, bias: jax.Array) -> tuple[jax.Array, Carry]:
    """Run a cell over time.

    The gradient of the kernel is one product over all time steps after the backward scan; inside
    of it, it would be a small product and a sum over the whole kernel at each step.

    Args:
        cell: its equations.
        inputs: what the inputs contribute to the gates, [time, batch, gate · feature].
        carry: float32 [batch, feature] each.
        kernel: [feature, gate · feature], from the last output to the gates.
        bias: [gate · feature], added to that.

    Returns:
        The outputs, float32 [time, batch, feature], and the last carry.
    """

    def step(carry: Carry, present: jax.Array) -> tuple[Carry, jax.Array]:
        carry = cell.step(carry, present, _recurrent(carry[0], kernel, bias))
        return carry, carry[0]

    carry, outputs = jax.lax.scan(step, carry, inputs)
    return outputs, carry


def _recurrent(output: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    product = jnp.matmul(output.astype(kernel.dtype), kernel, preferred_element_type=jnp.float32)
    return product + bias[None]


Residuals = tuple[Carry, jax.Array, jax.Array, jax.Array, jax.Array]


def _forward(
    cell: Cell, inputs: jax.Array, carry: Carry, kernel: jax.Array, bias: jax.Array
) -> tuple[tuple[jax.Array, Carry], Residuals]:
    def step(carry: Carry, present: jax.Array) -> tuple[Carry, tuple[jax.Array, Carry, jax.Array]]:
        recurrent = _recurrent(carry[0], kernel, bias)
        following = cell.step(carry, present, recurrent)
        return following, (following[0], carry, recurrent)

    last, (outputs, carries, recurrent) = jax.lax.scan(step, carry, inputs)
    return (outputs, last), (carries, inputs, recurrent, kernel, bias)


def _backward(
    cell: Cell, residuals: Residuals, cotangents: tuple[jax.Array, Carry]
) -> tuple[jax.Array, Carry, jax.Array, jax.Array]:
    carries, inputs, recurrent, kernel, bias = residuals
    by_outputs, by_last = cotangents
    transposed = kernel.T

    def step(by_carry: Carry, each: tuple[jax.Array, Carry, jax.Array, jax.Array]) -> tuple[Carry, Carry]:
        by_output, *at = each
        # Computed anew from the gates' sums: cheaper than to store and load every activation.
        _, pull = jax.vjp(cell.step, *at)
        by_carry, by_input, by_recurrent = jax.lax.optimization_barrier(pull((by_carry[0] + by_output, *by_carry[1:])))
        back = jnp.matmul(by_recurrent.astype(kernel.dtype), transposed, preferred_element_type=jnp.float32)
        return (by_carry[0] + back, *by_carry[1:]), (by_input, by_recurrent)

    scanned = by_outputs, carries, inputs, recurrent
    by_first, (by_inputs, by_recurrent) = jax.lax.scan(step, by_last, scanned, reverse=True)
    outputs, gates = carries[0].astype(kernel.dtype), by_recurrent.astype(kernel.dtype)
    by_kernel = jnp.einsum("tbf,tbg->fg", outputs, gates, preferred_element_type=jnp.float32)
    by_bias = by_recurrent.sum(axis=(0, 1), dtype=jnp.float32)
    return by_inputs, by_first, by_kernel.astype(kernel.dtype), by_bias.astype(bias.dtype)


unroll.defvjp(_forward, _backward)


class Recurrent(nnx.Module):
    """A recurrent layer.

    Weights and biases begin uniform in ±1/√features, as in PyTorch, but for the forget gate's bias,
    which begins at 1 (Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent
    Network Architectures", 2015).

    Attributes:
        cell: its equations.
        kernel: from the input, float32 [input, gate · feature].
        recurrent_kernel: from the last output, float32 [feature, gate · feature].
        bias: float32 [gate · feature].
        recurrent_bias: likewise, where the cell has one.
    """

    def __init__(self, cell: str, inputs: int, features: int, *, dtype: jnp.dtype = jnp.float32, rngs: nnx.Rngs):
        if cell not in CELLS:
            raise ValueError(f"the cell must be one of {', '.join(CELLS)}, got {cell!r}")
        self.cell = CELLS[cell]
        self.features = features
        self.dtype = jnp.dtype(dtype)
        gates, start = self.cell.gates * features, uniform(features**-0.5)
        self.kernel = nnx.Param(start(rngs.params(), (inputs, gates)))
        self.recurrent_kernel = nnx.Param(start(rngs.params(), (features, gates)))
        bias = start(rngs.params(), (gates,))
        if self.cell.forget is not None:
            bias = bias.at[self.cell.forget * features : (self.cell.forget + 1) * features].set(1.0)
        self.bias = nnx.Param(bias)
        more = nnx.Param(start(rngs.params(), (gates,))) if self.cell.recurrent_bias else None
        self.recurrent_bias = nnx.data(more)

    def __call__(self, x: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map [time, batch, input] to float32 [time, batch, feature].

        Args:
            x: the sequence, time first, since that is how it is run through.
            carry: float32 [state, batch, feature].

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


class Stack(nnx.Module):
    """Recurrent layers, each over the outputs of the one before, with dropout between them.

    Attributes:
        layers: the layers.
        shape: what it carries for one row, [layer, state, feature].
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
            cell: by its name in `CELLS`.
            sizes: features of the input and of each layer.
            dropout: share of the outputs of each layer but the last that are set to zero in training.
            dtype: of the products; states and outputs are float32.
            rngs: for the initial weights and for dropout.
        """
        pairs = itertools.pairwise(sizes)
        self.layers = nnx.List([Recurrent(cell, *pair, dtype=dtype, rngs=rngs) for pair in pairs])
        self.dropout = nnx.Dropout(dropout, rngs=rngs)
        self.shape = (len(self.layers), CELLS[cell].states, sizes[-1])

    def initial(self, batch: int) -> jax.Array:
        """Return the carry that remembers nothing, float32 [layer, state, batch, feature] of zeros."""
        layers, states, features = self.shape
        return jnp.zeros([layers, states, batch, features])

    def __call__(self, x: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map [time, batch, input] to float32 [time, batch, feature].

        Returns:
            The outputs of the last layer, and the last carry of all.
        """
        outputs, last = self.layered(x, carry)
        return outputs[-1], last

    def layered(self, x: jax.Array, carry: jax.Array) -> tuple[list[jax.Array], jax.Array]:
        """Do as `__call__`, but return the outputs of every layer."""
        outputs, last = [], []
        for number, layer in enumerate(self.layers):
            if number:
                # Drawn flat: XLA on the CPU takes longer over several axes.
                x = self.dropout(x.reshape(-1)).reshape(x.shape)
            x, after = layer(x, carry[number])
            outputs.append(x)
            last.append(after)
        return outputs, jnp.stack(last)


def restarted(carry: jax.Array, restart: jax.Array) -> jax.Array:
    """Forget what was carried, [layer, state, batch, feature], in the rows that `restart`, bool [batch], names."""
    return jnp.where(restart.reshape(1, 1, -1, 1), 0.0, carry)
