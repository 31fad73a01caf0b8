"""One step down a loss and the penalties on the weights, as most learners take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import optax
from flax import nnx

from dlcli.optim import penalties

More = TypeVar("More")
Network = TypeVar("Network", bound=nnx.Module)


def descend(
    network: Network,
    optimizer: nnx.Optimizer,
    loss_of: Callable[[Network], tuple[jax.Array, More]],
    *,
    schedule: optax.Schedule,
    penalty: tuple[float, float],
) -> tuple[More, dict[str, jax.Array]]:
    """Change the parameters that the optimizer is for, in place.

    Args:
        network: that learns.
        optimizer: of the network.
        loss_of: maps the network to the loss, float32 [], and to what else the caller wants of that pass.
        schedule: of the optimizer's learning rate.
        penalty: λ of L1 and of L2.

    Returns:
        What else `loss_of` gave; and by name, each float32 []: the norm of the gradients, the learning rate, and the
        penalty where there is one.
    """

    def penalized(network: Network) -> tuple[jax.Array, tuple[More, jax.Array]]:
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
