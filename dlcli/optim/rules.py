"""What the constructors in `dlcli.options.optimizers` build with: optax, and the rules that it lacks."""

from __future__ import annotations

from typing import Any

import jax
import optax
from optax import contrib

from dlcli.optim import penalties
from dlcli.optim.newton_schulz import orthogonalize


def muon() -> optax.GradientTransformation:
    """Return the nearest orthogonal matrix to the momentum of each weight matrix, and Adam for all other parameters.

    Momentum 0.95 in Nesterov's form and five Newton-Schulz iterations, which bring the singular
    values near 1. A kernel counts as the matrix from all its other axes to its last one, so a
    convolution's [height, width, in, out] is [height · width · in, out]. Adam updates biases, norm
    parameters and embeddings, as Jordan recommends; he also leaves a network's last layer to Adam,
    which the parameters alone do not identify, so here Muon updates it.

    The directions of matrices are scaled to the size of Adam's, 0.2 · √max(in, out), so that one
    learning rate serves both.

    Reference: Jordan et al., "Muon", 2024, kellerjordan.github.io/posts/muon; Liu et al., "Muon is
    Scalable for LLM Training", 2025, arXiv:2502.16982, equation 4 for the scale.
    """
    matrices = optax.chain(
        # Without iterations it is the momentum alone, divided by its norm.
        contrib.scale_by_muon(ns_steps=0, weight_dimension_numbers=_as_matrices),
        optax.stateless_with_tree_map(
            lambda momentum, _: 0.2 * _longer_side(momentum) ** 0.5 * orthogonalize(momentum)
        ),
    )
    return optax.partition({"muon": matrices, "adam": optax.scale_by_adam()}, _muon_labels)


def _muon_labels(parameters: Any) -> Any:
    def label(path: tuple[Any, ...], parameter: jax.Array) -> str:
        embedding = penalties.parameter_name(path) == "embedding"
        return "muon" if penalties.is_weight(path, parameter) and not embedding else "adam"

    return jax.tree_util.tree_map_with_path(label, parameters)


def _as_matrices(kernels: Any) -> Any:
    def axes(kernel: jax.Array) -> contrib.MuonDimensionNumbers:
        *inputs, output = range(kernel.ndim)
        return contrib.MuonDimensionNumbers(tuple(inputs), output)

    return jax.tree.map(axes, kernels)


def _longer_side(kernel: jax.Array) -> int:
    return max(kernel.size // kernel.shape[-1], kernel.shape[-1])
