"""The gradient step of most learners: a loss and the penalties on the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import optax
from flax import nnx

from dlcli.optim import penalties

Aux = TypeVar("Aux")
Network = TypeVar("Network", bound=nnx.Module)


def descend(
    network: Network,
    optimizer: nnx.Optimizer,
    loss_of: Callable[[Network], tuple[jax.Array, Aux]],
    *,
    schedule: optax.Schedule,
    penalty: tuple[float, float],
) -> tuple[Aux, dict[str, jax.Array]]:
    """Update the parameters of the optimizer in place.

    Args:
        network: to train.
        optimizer: of the network.
        loss_of: maps the network to the loss, float32 [], and to any auxiliary output.
        schedule: of the optimizer's learning rate.
        penalty: coefficients of the L1 and the L2 penalty.

    Returns:
        The auxiliary output of `loss_of`; and by name, each float32 []: the gradient norm, the learning rate, and the
        penalty if a coefficient is not 0.
    """

    def penalized(network: Network) -> tuple[jax.Array, tuple[Aux, jax.Array]]:
        loss, more = loss_of(network)
        added = penalties.penalty(nnx.state(network, optimizer.wrt), *penalty)
        return loss + added, (more, added)

    aim = nnx.DiffState(0, optimizer.wrt)
    (_, (more, added)), gradients = nnx.value_and_grad(penalized, argnums=aim, has_aux=True)(network)
    numbers = {"gradient_norm": optax.tree.norm(gradients), "learning_rate": schedule(optimizer.step[...])}
    if any(penalty):
        numbers["penalty"] = added
    optimizer.update(network, gradients)
    return more, numbers
