"""Backbones: the layers that turn images into activation maps, family by family.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.errors import UsageError
from dlcli.nn.convolution import Convolution
from dlcli.nn.normalization import Norm
from dlcli.nn.pooling import Pool
from dlcli.nn.receptive_field import Window
from dlcli.techniques.cnn.architecture import RESNETS, Architecture
from dlcli.techniques.cnn.blocks import Chain, ConvNextBlock, ConvolutionBlock, ResidualBlock

Layers = dict[str, nnx.Module]

_CONVNEXT_BLOCKS = 2  # in each stage
_SMALL_IMAGE = 64  # pixels; up to this side a resnet's stem keeps the size, as in kuangliu/pytorch-cifar


class Backbone(nnx.Module):
    """Named layers, one after the other.

    Attributes:
        names: of the layers, in order.
        features: height, width and channels of the last layer's maps.
    """

    def __init__(self, style: Architecture, image: tuple[int, int, int], *, rngs: nnx.Rngs):
        """Build the layers.

        Args:
            style: resolved.
            image: height, width and channels.
            rngs: for the initial weights.

        Raises:
            UsageError: the layers leave nothing of images this small.
        """
        layers, channels = _FAMILIES[style.arch](style, image, rngs)
        self.names = tuple(layers)
        self.parts = nnx.Dict(layers)
        self.dtype = jnp.dtype(style.dtype)
        self.features = (*(_size(self.geometry(), side) for side in image[:2]), channels)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Map float [batch, height, width, channel] to features, [batch, *features]."""
        x = images.astype(self.dtype)
        for name in self.names:
            x = self.parts[name](x)
        return x

    def layers(self, images: jax.Array) -> Iterator[tuple[str, jax.Array]]:
        """Yield the name of each layer and its activation maps, [batch, height, width, channel]."""
        x = images.astype(self.dtype)
        for name in self.names:
            x = self.parts[name](x)
            yield name, x

    def geometry(self) -> list[tuple[str, tuple[Window, ...]]]:
        """Return the name of each layer, and the windows on the deepest path through it."""
        return [(name, self.parts[name].windows) for name in self.names]


def _size(geometry: list[tuple[str, tuple[Window, ...]]], side: int) -> int:
    size = side
    for name, windows in geometry:
        for window in windows:
            size, before = window.output(size), size
            if size < 1:
                raise UsageError(
                    f"images must be large enough for every stage; of {side} pixels a side, {before} reach {name}",
                    hint="give fewer --stages, a smaller network or larger images",
                )
    return size


def _small(style: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a convolution and a pooling for each stage, and the last channels.

    Where the pooling is a stride, the convolution has it: every second position of its result is
    all that would be left (Springenberg et al. 2015, arXiv:1412.6806).
    """
    layers: Layers = {}
    inputs, strided = image[2], style.pool == "stride"
    for stage in range(style.stages):
        outputs = style.channels * 2**stage
        window = Window(3, stride=2 if strided else 1, padding=1)
        layers[f"conv{stage + 1}"] = ConvolutionBlock(inputs, outputs, window, style, rngs=rngs)
        if not strided:
            layers[f"pool{stage + 1}"] = Pool(style.pool)
        inputs = outputs
    return layers, inputs


def _resnet(style: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a stem and residual blocks, and the last channels.

    Unlike in the paper, the pooling behind a 7×7 stem has windows of 2×2.
    """
    plan, strided = RESNETS[style.depth], style.pool == "stride"
    base = style.channels or plan.channels
    layers = _stem(base, plan.projected and min(image[:2]) > _SMALL_IMAGE, style, image[2], rngs)
    inputs = base
    for stage, blocks in enumerate(plan.blocks, start=1):
        width = base * 2 ** (stage - 1)
        if stage > 1 and not strided:
            layers[f"pool{stage}"] = Pool(style.pool)
        for block in range(1, blocks + 1):
            window = Window(3, stride=2 if strided and stage > 1 and block == 1 else 1, padding=1)
            if plan.bottleneck:
                channels, windows = (inputs, width, width, 4 * width), (Window(1), window, Window(1))
            else:
                channels, windows = (inputs, width, width), (window, Window(3, padding=1))
            built = ResidualBlock(channels, windows, style, projected=plan.projected, rngs=rngs)
            layers[f"block{stage}_{block}"] = built
            inputs = channels[-1]
    return layers, inputs


def _stem(outputs: int, large: bool, style: Architecture, inputs: int, rngs: nnx.Rngs) -> Layers:
    if not large:
        return {"stem": ConvolutionBlock(inputs, outputs, Window(3, padding=1), style, rngs=rngs)}
    stem = ConvolutionBlock(inputs, outputs, Window(7, stride=2, padding=3), style, rngs=rngs)
    return {"stem": stem, "pool1": Pool("max" if style.pool == "stride" else style.pool)}


def _convnext(style: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a stem of patches, blocks with a step down before each further stage, and the last channels.

    Unlike in the paper, patches are as large as the image allows, and the last normalization comes
    before the average over positions, not after it.
    """
    dtype, channels = jnp.dtype(style.dtype), style.channels
    patch = next(size for size, least in ((4, _SMALL_IMAGE + 1), (2, 16), (1, 0)) if min(image[:2]) >= least)
    stem = Convolution(image[2], channels, Window(patch, patch), dtype=dtype, rngs=rngs)
    layers: Layers = {"stem": Chain(stem, Norm(style.norm, channels, rngs=rngs))}
    for stage in range(1, style.stages + 1):
        if stage > 1:
            layers[f"down{stage}"] = _step_down(channels, style, rngs)
            channels *= 2
        for block in range(1, _CONVNEXT_BLOCKS + 1):
            layers[f"block{stage}_{block}"] = ConvNextBlock(channels, style, rngs=rngs)
    layers["norm"] = Norm(style.norm, channels, rngs=rngs)
    return layers, channels


def _step_down(channels: int, style: Architecture, rngs: nnx.Rngs) -> Chain:
    """Return a layer that halves height and width and doubles the channels."""
    strided = style.pool == "stride"
    window = Window(2, stride=2) if strided else Window(1)
    convolution = Convolution(channels, 2 * channels, window, dtype=jnp.dtype(style.dtype), rngs=rngs)
    norm = Norm(style.norm, channels, rngs=rngs)
    return Chain(norm, convolution) if strided else Chain(norm, convolution, Pool(style.pool))


_FAMILIES: dict[str, Callable[[Architecture, tuple[int, int, int], nnx.Rngs], tuple[Layers, int]]] = {
    "small": _small,
    "resnet": _resnet,
    "convnext": _convnext,
}
