"""Activation checkpointing computes activations again and gives the same gradients.

The CPU compiler schedules both in the same memory; GPUs and TPUs need less.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.transformer import TransformerStack
from dlcli.nn.transformer_config import preset
from dlcli.nn.unet import UNet, UNetConfig
from dlcli.techniques.cnn.architecture import Architecture
from dlcli.techniques.cnn.backbone import Backbone


def stack(*, remat):
    config = preset("gpt2", d_model=16, heads=2, layers=6, context=32, dropout=0.1, dtype="float32", remat=remat)
    network, mask = TransformerStack(config, rngs=nnx.Rngs(0)), jnp.tril(jnp.ones((1, 1, 32, 32), bool))
    return network, lambda network, x: network(x, mask)[0], (8, 32, 16)


def unet(*, remat):
    network = UNet(UNetConfig((8, 8, 1), 8, 2, 3, True, 0, "float32", remat), rngs=nnx.Rngs(0))
    # The last layer starts at zero, and would let no gradient through.
    network.conv_out.kernel.set_value(jnp.ones_like(network.conv_out.kernel[...]))
    return network, lambda network, x: network(x, jnp.full(len(x), 0.5)), (16, 8, 8, 1)


def resnet(*, remat):
    config = Architecture(arch="resnet", depth=8, channels=4, remat=remat).resolved()
    network = Backbone(config, (16, 16, 1), rngs=nnx.Rngs(0))
    return network, lambda network, x: network(x), (16, 16, 16, 1)


def compiled(build, *, remat):
    """Return the compiled gradient of a network, its arguments, and the structure of its state."""
    network, call, shape = build(remat=remat)
    graph, state = nnx.split(network)

    def gradient(state, x):
        network = nnx.merge(graph, state)
        value, gradients = nnx.value_and_grad(lambda network: jnp.square(call(network, x)).mean())(network)
        return value, gradients, nnx.state(network, nnx.BatchStat)

    arguments = state, jax.random.normal(jax.random.key(1), shape)
    return jax.jit(gradient).lower(*arguments).compile(), arguments


@pytest.mark.parametrize("build", [stack, unet, resnet])
def test_the_gradients_are_the_same_and_cost_another_forward_pass(build):
    (plain, arguments), (remat, same) = compiled(build, remat=False), compiled(build, remat=True)
    for left, right in zip(jax.tree.leaves(plain(*arguments)), jax.tree.leaves(remat(*same)), strict=True):
        assert np.allclose(left, right, rtol=1e-4, atol=1e-5)
    assert 1.1 < remat.cost_analysis()["flops"] / plain.cost_analysis()["flops"] < 1.5
