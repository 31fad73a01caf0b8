"""Denoising networks: a U-Net for images, and an MLP for points in the plane.

Axes: batch, height, width, channel, feature.

References: Ronneberger et al., "U-Net", 2015, arXiv:1505.04597, for the architecture; Ho et al., "Denoising
Diffusion Probabilistic Models", 2020, arXiv:2006.11239, appendix B, for the blocks and the time embedding; Nichol
and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021, arXiv:2102.09672, section 3.1, for the
conditioning of a block by a scale and a shift; Luhman and Luhman, "Improving Diffusion Model Efficiency Through
Patching", 2022, arXiv:2207.04316, for patches as positions.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn import remat
from dlcli.nn.convolution import Convolution
from dlcli.nn.image_stages import fold_patches, unfold_patches, upsample_nearest
from dlcli.nn.initializers import truncated_normal
from dlcli.nn.normalization import GroupNorm
from dlcli.nn.receptive_field import Window

# The time embedding has angular frequencies from 0.1 to 1,000 per unit of time, which is in [0, 1].
_MAX_FREQUENCY = 1_000.0
_FREQUENCY_RANGE = 10_000.0
_HEADS = 4
_POINT_FREQUENCIES = 6  # octaves of the positional encoding of a coordinate; the shortest period is 1 / 8


@dataclasses.dataclass(frozen=True)
class UNetConfig:
    """Hyperparameters of a U-Net.

    Attributes:
        image: height, width and channels.
        channels: channels of the first stage; each further stage has twice as many.
        stages: number of resolutions, each half of the one before.
        blocks: residual blocks per stage, in the encoder and in the decoder.
        attention: whether self-attention follows the middle blocks, at the lowest resolution.
        classes: number of classes of a class-conditional network; 0: unconditional.
        dtype: dtype of the activations.
        remat: whether the backward pass computes the activations of each block again, instead of keeping them.
        attention_stages: lowest resolutions at which self-attention follows each block of encoder and decoder.
        patch: side of the square of pixels that is one position of the first stage.
    """

    image: tuple[int, int, int]
    channels: int
    stages: int
    blocks: int
    attention: bool
    classes: int
    dtype: str
    remat: bool = False
    attention_stages: int = 0
    patch: int = 1

    def __post_init__(self) -> None:
        smallest = self.patch * 2 ** (self.stages - 1)
        if min(self.image[:2]) < smallest:
            size = " × ".join(map(str, self.image[:2]))
            patches = f" of --patch-size {self.patch}" if self.patch > 1 else ""
            needed = f"{self.stages} --stages{patches} need images of at least {smallest} pixels a side"
            raise ValueError(f"{needed}, got {size}")
        if self.attention_stages > self.stages:
            raise ValueError(f"{self.attention_stages} --attention-stages need as many --stages, got {self.stages}")


class ConditioningEmbedding(nnx.Module):
    """Embedding of the time, plus that of the class for a class-conditional network.

    The class embedding has one more row than classes, for "no class" (unconditional).
    """

    def __init__(self, features: int, classes: int, *, rngs: nnx.Rngs):
        self.features, self.classes = features, classes
        self.fc1 = nnx.Linear(features, features, rngs=rngs)
        self.fc2 = nnx.Linear(features, features, rngs=rngs)
        self.class_embedding = nnx.data(
            nnx.Embed(classes + 1, features, embedding_init=truncated_normal(0.02), rngs=rngs) if classes else None
        )

    def __call__(self, time: jax.Array, label: jax.Array | None) -> jax.Array:
        """Map times in [0, 1], float [batch], and classes, int [batch], to float32 [batch, feature]."""
        x = self.fc2(jax.nn.silu(self.fc1(_sinusoidal_embedding(time, self.features))))
        if self.class_embedding is not None:
            x = x + self.class_embedding(jnp.full(time.shape, self.classes) if label is None else label)
        return jax.nn.silu(x)


class ResidualBlock(nnx.Module):
    """Two convolutions with a residual connection; conditioning scales and shifts the second normalization.

    The second convolution is initialized with zeros, so that an untrained block is its shortcut.
    """

    def __init__(self, inputs: int, outputs: int, features: int, *, dtype: jnp.dtype, rngs: nnx.Rngs):
        window = Window(3, padding=1)
        self.norm1 = _norm(inputs, rngs)
        self.norm2 = _norm(outputs, rngs)
        self.conv1 = Convolution(inputs, outputs, window, dtype=dtype, rngs=rngs)
        self.conv2 = _zero_initialized(Convolution(outputs, outputs, window, dtype=dtype, rngs=rngs))
        self.conditioning_projection = nnx.Linear(features, 2 * outputs, rngs=rngs)
        same = inputs == outputs
        self.shortcut = nnx.data(None if same else nnx.Linear(inputs, outputs, dtype=dtype, rngs=rngs))

    def __call__(self, x: jax.Array, conditioning: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] and [batch, feature] to [batch, height, width, output]."""
        scale, shift = jnp.split(self.conditioning_projection(conditioning)[:, None, None], 2, axis=-1)
        y = self.conv1(jax.nn.silu(self.norm1(x)))
        y = self.conv2(jax.nn.silu(self.norm2(y) * (1 + scale) + shift))
        return y + (x if self.shortcut is None else self.shortcut(x))


class SelfAttention(nnx.Module):
    """Self-attention over all positions of the feature maps, with a residual connection.

    The output projection is initialized with zeros, so that an untrained layer is the identity.

    Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, channels: int, *, dtype: jnp.dtype, rngs: nnx.Rngs):
        self.heads = math.gcd(channels, _HEADS)
        self.norm = _norm(channels, rngs)
        self.qkv = nnx.Linear(channels, 3 * channels, dtype=dtype, rngs=rngs)
        zeros = nnx.initializers.zeros_init()
        self.out = nnx.Linear(channels, channels, dtype=dtype, kernel_init=zeros, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to the same shape."""
        batch, height, width, channels = x.shape
        qkv = self.qkv(self.norm(x)).reshape(batch, height * width, 3, self.heads, -1)
        query, key, value = (qkv[:, :, part] for part in range(3))  # [batch, position, head, feature]
        scores = jnp.einsum("bqhf,bmhf->bhqm", query, key) / math.sqrt(query.shape[-1])
        weights = jax.nn.softmax(scores.astype(jnp.float32), axis=-1).astype(value.dtype)
        attended = jnp.einsum("bhqm,bmhf->bqhf", weights, value)
        return x + self.out(attended.reshape(batch, height, width, channels))


class UNet(nnx.Module):
    """Encoder and decoder of residual blocks with skip connections between stages of the same resolution.

    Downsampling rounds odd sizes up, and upsampling crops to the size of the skip connection. The last layer is
    initialized with zeros, so that an untrained network returns 0.
    """

    def __init__(self, config: UNetConfig, *, rngs: nnx.Rngs):
        dtype, features = jnp.dtype(config.dtype), 4 * config.channels
        widths = [config.channels * 2**stage for stage in range(config.stages)]

        def blocks(inputs: int, outputs: int) -> nnx.List:
            pairs = itertools.pairwise([inputs, *[outputs] * config.blocks])
            return nnx.List([ResidualBlock(*pair, features, dtype=dtype, rngs=rngs) for pair in pairs])

        def convolution(inputs: int, outputs: int, stride: int) -> Convolution:
            return Convolution(inputs, outputs, Window(3, stride=stride, padding=1), dtype=dtype, rngs=rngs)

        self.remat, self.patch = config.remat, config.patch
        pixels = config.patch**2 * config.image[-1]
        pairs, deepest = list(itertools.pairwise(widths)), widths[-1]
        self.conditioning = ConditioningEmbedding(features, config.classes, rngs=rngs)
        self.conv_in = convolution(pixels, widths[0], 1)
        self.down_blocks = nnx.List([blocks(width, width) for width in widths])
        self.downsample = nnx.List([convolution(low, high, 2) for low, high in pairs])
        self.mid_blocks = blocks(deepest, deepest)
        self.mid_attention = nnx.data(SelfAttention(deepest, dtype=dtype, rngs=rngs) if config.attention else None)
        self.up_blocks = nnx.List([blocks(2 * width, width) for width in widths])
        attending = range(config.stages - config.attention_stages, config.stages)
        count = range(config.blocks)

        def attentions() -> nnx.Dict:
            layers = {
                f"{stage}": [SelfAttention(widths[stage], dtype=dtype, rngs=rngs) for _ in count] for stage in attending
            }
            return nnx.Dict({stage: nnx.List(each) for stage, each in layers.items()})

        self.down_attention, self.up_attention = attentions(), attentions()
        self.upsample = nnx.List([convolution(high, low, 1) for low, high in pairs])
        self.norm_out = _norm(widths[0], rngs)
        self.conv_out = _zero_initialized(convolution(widths[0], pixels, 1))

    def __call__(self, x: jax.Array, time: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map noisy images, times in [0, 1] and classes to the network's prediction.

        Args:
            x: float [batch, height, width, channel].
            time: float [batch].
            label: int [batch], or None for unconditional predictions.

        Returns:
            float32 of the shape of `x`.
        """
        conditioning, size = self.conditioning(time, label), (x.shape[1], x.shape[2])
        x, skips = self.conv_in(fold_patches(x, self.patch)), []
        for stage, blocks in enumerate(self.down_blocks):
            x = self.downsample[stage - 1](x) if stage else x
            x = self._apply(blocks, x, conditioning, self.down_attention.get(f"{stage}"))
            skips.append(x)
        x = self._apply(self.mid_blocks, x, conditioning)
        x = x if self.mid_attention is None else self.mid_attention(x)
        for stage in reversed(range(len(skips))):
            joined = jnp.concatenate([x, skips[stage]], axis=-1)
            x = self._apply(self.up_blocks[stage], joined, conditioning, self.up_attention.get(f"{stage}"))
            x = self.upsample[stage - 1](_upsample_nearest(x, skips[stage - 1].shape)) if stage else x
        patches = self.conv_out(jax.nn.silu(self.norm_out(x))).astype(jnp.float32)
        return unfold_patches(patches, self.patch, size)

    def _apply(
        self, blocks: nnx.List, x: jax.Array, conditioning: jax.Array, attention: nnx.List | None = None
    ) -> jax.Array:
        for number, block in enumerate(blocks):
            x = remat.apply(block, x, conditioning, remat=self.remat)
            x = x if attention is None else attention[number](x)
        return x


class PointMLP(nnx.Module):
    """Residual MLP for noisy points in the plane, conditioned on the time; an untrained one returns 0.

    Coordinates are also given as sines and cosines of growing frequency, without which an MLP learns fine structure
    slowly.

    Reference: Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions in Low
    Dimensional Domains", 2020, arXiv:2006.10739, section 6.1 ("positional encoding").
    """

    def __init__(self, units: int, blocks: int, *, dtype: str, rngs: nnx.Rngs):
        kind, zeros = jnp.dtype(dtype), nnx.initializers.zeros_init()
        self.conditioning = ConditioningEmbedding(units, 0, rngs=rngs)
        self.fc_in = nnx.Linear(2 + 4 * _POINT_FREQUENCIES, units, rngs=rngs)
        self.norms = nnx.List([nnx.LayerNorm(units, rngs=rngs) for _ in range(blocks)])
        self.conditioning_projections = nnx.List([nnx.Linear(units, 2 * units, rngs=rngs) for _ in range(blocks)])
        self.fc1 = nnx.List([nnx.Linear(units, 2 * units, dtype=kind, rngs=rngs) for _ in range(blocks)])
        self.fc2 = nnx.List(
            [nnx.Linear(2 * units, units, dtype=kind, kernel_init=zeros, rngs=rngs) for _ in range(blocks)]
        )
        self.fc_out = nnx.Linear(units, 2, kernel_init=zeros, rngs=rngs)

    def __call__(self, x: jax.Array, time: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map points [batch, 2] and times in [0, 1], [batch], to float32 [batch, 2]; `label` is unused."""
        conditioning = self.conditioning(time, None)
        x = self.fc_in(jnp.concatenate([x, _positional_encoding(x)], axis=-1))
        layers = zip(self.norms, self.conditioning_projections, self.fc1, self.fc2, strict=True)
        for norm, project, fc1, fc2 in layers:
            scale, shift = jnp.split(project(conditioning), 2, axis=-1)
            x = x + fc2(jax.nn.silu(fc1(norm(x) * (1 + scale) + shift))).astype(jnp.float32)
        return self.fc_out(x)


def _sinusoidal_embedding(time: jax.Array, features: int) -> jax.Array:
    """Map times in [0, 1], [batch], to sines and cosines of decreasing frequency, [batch, feature]."""
    count = features // 2
    frequencies = _MAX_FREQUENCY * jnp.exp(-math.log(_FREQUENCY_RANGE) * jnp.arange(count) / count)
    angles = time[:, None] * frequencies[None]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def _positional_encoding(x: jax.Array) -> jax.Array:
    """Map points [batch, 2] to the sines and cosines of their coordinates, [batch, 4 · frequencies]."""
    frequencies = math.pi * 2.0 ** jnp.arange(-1, _POINT_FREQUENCIES - 1)
    angles = (x[:, :, None] * frequencies.reshape(1, 1, -1)).reshape(x.shape[0], -1)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def _norm(channels: int, rngs: nnx.Rngs) -> GroupNorm:
    # Groups of several channels each, unlike `Norm("group")` on narrow layers: with one channel per group,
    # normalization would remove the mean of a channel, which carries brightness.
    return GroupNorm(channels, num_groups=math.gcd(channels, 8), rngs=rngs)


def _zero_initialized(convolution: Convolution) -> Convolution:
    convolution.kernel.set_value(jnp.zeros_like(convolution.kernel[...]))
    return convolution


def _upsample_nearest(x: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Double the height and width by repeating pixels, and crop to the height and width of `shape`."""
    return upsample_nearest(x)[:, : shape[1], : shape[2]]
