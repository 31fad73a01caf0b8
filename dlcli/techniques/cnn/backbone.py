"""Backbones: the layers that map images to feature maps, by family.

Axes: batch, height, width, channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.errors import UsageError
from dlcli.nn import remat
from dlcli.nn.activation import activation
from dlcli.nn.convolution import Convolution
from dlcli.nn.normalization import Norm
from dlcli.nn.pooling import Pool
from dlcli.nn.receptive_field import Window
from dlcli.nn.whitening import Whitening
from dlcli.techniques.cnn.architecture import RESNETS, Architecture
from dlcli.techniques.cnn.blocks import AirbenchBlock, ConvNextBlock, ConvolutionBlock, ResidualBlock, Sequential

Layers = dict[str, nnx.Module]

_CONVNEXT_BLOCKS = 2  # per stage
# Largest height or width in pixels for which a resnet's stem does not downsample, as in kuangliu/pytorch-cifar.
_SMALL_IMAGE = 64


class Backbone(nnx.Module):
    """A sequence of named layers.

    Attributes:
        names: names of the layers, in order.
        features: height, width and channels of the last layer's feature maps.
    """

    def __init__(self, config: Architecture, image: tuple[int, int, int], *, rngs: nnx.Rngs):
        """Create the layers.

        Args:
            config: a resolved architecture.
            image: height, width and channels.
            rngs: random streams of the initial weights.

        Raises:
            UsageError: the images are too small for the number of downsamplings.
        """
        layers, channels = _FAMILIES[config.arch](config, image, rngs)
        self.names = tuple(layers)
        self.layers = nnx.Dict(layers)
        self.dtype, self.remat = jnp.dtype(config.dtype), config.remat
        self.features = (*(_size(self.geometry(), side) for side in image[:2]), channels)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Map float [batch, height, width, channel] to features, [batch, *features]."""
        x = images.astype(self.dtype)
        for name in self.names:
            layer = self.layers[name]
            x = remat.apply(layer, x, remat=self.remat and isinstance(layer, ResidualBlock))
        return x

    def feature_maps(self, images: jax.Array) -> Iterator[tuple[str, jax.Array]]:
        """Yield the name of each layer and its feature maps, [batch, height, width, channel]."""
        x = images.astype(self.dtype)
        for name in self.names:
            x = self.layers[name](x)
            yield name, x

    def geometry(self) -> list[tuple[str, tuple[Window, ...]]]:
        """Return the name of each layer and its windows along the path with the largest receptive field."""
        return [(name, self.layers[name].windows) for name in self.names]


def _size(geometry: list[tuple[str, tuple[Window, ...]]], side: int) -> int:
    size = side
    for name, windows in geometry:
        for window in windows:
            size, before = window.output(size), size
            if size < 1:
                raise UsageError(
                    f"images must be large enough for all stages: of {side} pixels a side, {before} are left at {name}",
                    hint="use fewer --stages, a smaller network or larger images",
                )
    return size


def _small(config: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a convolution and a pooling layer for each stage, and the number of output channels.

    With the pooling "stride" the convolution is strided instead (Springenberg et al. 2015, arXiv:1412.6806).
    """
    assert config.stages
    assert config.channels  # both are resolved
    layers: Layers = {}
    inputs, strided = image[2], config.pool == "stride"
    for stage in range(config.stages):
        outputs = config.channels * 2**stage
        window = Window(3, stride=2 if strided else 1, padding=1)
        layers[f"conv{stage + 1}"] = ConvolutionBlock(inputs, outputs, window, config, rngs=rngs)
        if not strided:
            layers[f"pool{stage + 1}"] = Pool(config.pool)
        inputs = outputs
    return layers, inputs


def _resnet(config: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a stem and residual blocks, and the number of output channels.

    A plain network has the same convolutions without shortcuts (section 3.3 of the paper). Unlike in the paper, the
    pooling after a 7×7 stem has windows of 2×2.
    """
    assert config.depth
    assert config.channels  # both are resolved
    stages, base, strided = RESNETS[config.depth], config.channels, config.pool == "stride"
    layers = _stem(base, stages.projection and min(image[:2]) > _SMALL_IMAGE, config, image[2], rngs)
    inputs = base
    for stage, blocks in enumerate(stages.blocks, start=1):
        width = base * 2 ** (stage - 1)
        if stage > 1 and not strided:
            layers[f"pool{stage}"] = Pool(config.pool)
        for block in range(1, blocks + 1):
            window = Window(3, stride=2 if strided and stage > 1 and block == 1 else 1, padding=1)
            channels, windows = [inputs, width, width], [window, Window(3, padding=1)]
            if stages.bottleneck:
                channels, windows = [inputs, width, width, 4 * width], [Window(1), window, Window(1)]
            layers[f"block{stage}_{block}"] = _block(config, channels, windows, stages.projection, rngs)
            inputs = channels[-1]
    return layers, inputs


def _block(
    config: Architecture, channels: list[int], windows: list[Window], projection: bool, rngs: nnx.Rngs
) -> nnx.Module:
    """Return the convolutions of a block, with a shortcut unless the network is plain."""
    if config.arch != "plain":
        return ResidualBlock(channels, windows, config, projection=projection, rngs=rngs)
    shapes = zip(channels[:-1], channels[1:], windows, strict=True)
    return Sequential(*[ConvolutionBlock(*shape, config, rngs=rngs) for shape in shapes])


def _stem(outputs: int, large: bool, config: Architecture, inputs: int, rngs: nnx.Rngs) -> Layers:
    if not large:
        return {"stem": ConvolutionBlock(inputs, outputs, Window(3, padding=1), config, rngs=rngs)}
    stem = ConvolutionBlock(inputs, outputs, Window(7, stride=2, padding=3), config, rngs=rngs)
    return {"stem": stem, "pool1": Pool("max" if config.pool == "stride" else config.pool)}


def _convnext(config: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a patch stem, blocks with downsampling before each further stage, and the number of output channels.

    Unlike in the paper, the patch size depends on the image size, and the last normalization precedes the global
    average pooling.
    """
    assert config.stages
    assert config.channels  # both are resolved
    dtype, channels = jnp.dtype(config.dtype), config.channels
    patch = next(size for size, least in ((4, _SMALL_IMAGE + 1), (2, 16), (1, 0)) if min(image[:2]) >= least)
    stem = Convolution(image[2], channels, Window(patch, patch), dtype=dtype, rngs=rngs)
    layers: Layers = {"stem": Sequential(stem, Norm(config.norm, channels, rngs=rngs))}
    for stage in range(1, config.stages + 1):
        if stage > 1:
            layers[f"down{stage}"] = _downsampling(channels, config, rngs)
            channels *= 2
        for block in range(1, _CONVNEXT_BLOCKS + 1):
            layers[f"block{stage}_{block}"] = ConvNextBlock(channels, config, rngs=rngs)
    layers["norm"] = Norm(config.norm, channels, rngs=rngs)
    return layers, channels


def _downsampling(channels: int, config: Architecture, rngs: nnx.Rngs) -> Sequential:
    """Return a layer that halves the height and width and doubles the channels."""
    strided = config.pool == "stride"
    window = Window(2, stride=2) if strided else Window(1)
    convolution = Convolution(channels, 2 * channels, window, dtype=jnp.dtype(config.dtype), rngs=rngs)
    norm = Norm(config.norm, channels, rngs=rngs)
    return Sequential(norm, convolution) if strided else Sequential(norm, convolution, Pool(config.pool))


def _airbench(config: Architecture, image: tuple[int, int, int], rngs: nnx.Rngs) -> tuple[Layers, int]:
    """Return a whitening convolution of 2×2 patches and a block for each stage, and the number of output channels.

    Reference: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.1. Unlike
    there, the bias of the whitening convolution is trained in the whole run, and the logits are not scaled.
    """
    assert config.stages
    assert config.channels  # both are resolved
    whitening = Whitening(image[2], Window(2), activation(config.activation), dtype=jnp.dtype(config.dtype))
    layers: Layers = {"whitening": whitening}
    inputs = whitening.outputs
    for stage in range(1, config.stages + 1):
        outputs = config.channels if stage == 1 else 4 * config.channels
        layers[f"block{stage}"] = AirbenchBlock(inputs, outputs, config, rngs=rngs)
        inputs = outputs
    return layers, inputs


_FAMILIES: dict[str, Callable[[Architecture, tuple[int, int, int], nnx.Rngs], tuple[Layers, int]]] = {
    "small": _small,
    "resnet": _resnet,
    "plain": _resnet,
    "convnext": _convnext,
    "airbench": _airbench,
}
