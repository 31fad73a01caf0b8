"""Networks that look at noisy data and say what was mixed into them: a U-Net for images, and one for points.

Axes: batch, height, width, channel, feature.

References: Ronneberger et al., "U-Net", 2015, arXiv:1505.04597, for the shape; Ho et al., "Denoising
Diffusion Probabilistic Models", 2020, arXiv:2006.11239, appendix B, for blocks and the time
embedding; Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021,
arXiv:2102.09672, section 3.1, for the way the embedding enters a block: as a scale and a shift.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.convolution import Convolution
from dlcli.nn.initial import truncated_normal
from dlcli.nn.receptive_field import Window

_SLOWEST = 10_000.0  # periods of the embedding reach from 2π / 1000 to 2π · 10 of the whole time
_FINEST = 1_000.0
_HEADS = 4
_OCTAVES = 6  # of the waves a point is told by; the finest has a period of 1 / 8


@dataclasses.dataclass(frozen=True)
class Shape:
    """What shapes a U-Net.

    Attributes:
        image: height, width and channels.
        channels: of the first stage; each further one has twice as many.
        stages: of blocks, each at half the height and width of the one before.
        blocks: of each stage, on the way down and on the way up.
        attention: whether positions attend to each other in the middle.
        classes: that it can be told; 0: none.
        dtype: of activations.
    """

    image: tuple[int, int, int]
    channels: int
    stages: int
    blocks: int
    attention: bool
    classes: int
    dtype: str

    def __post_init__(self) -> None:
        least = 2 ** (self.stages - 1)
        if min(self.image[:2]) < least:
            found = " × ".join(map(str, self.image[:2]))
            raise ValueError(f"{self.stages} stages need images of {least} pixels a side or more, got {found}")


class Condition(nnx.Module):
    """Embeds the time, and the class where there is one; a further class stands for "any"."""

    def __init__(self, features: int, classes: int, *, rngs: nnx.Rngs):
        self.features, self.classes = features, classes
        self.first = nnx.Linear(features, features, rngs=rngs)
        self.second = nnx.Linear(features, features, rngs=rngs)
        start = truncated_normal(0.02)
        self.label = nnx.data(nnx.Embed(classes + 1, features, embedding_init=start, rngs=rngs) if classes else None)

    def __call__(self, time: jax.Array, label: jax.Array | None) -> jax.Array:
        """Map the share of time, float [batch] in [0, 1], and int [batch] to float32 [batch, feature]."""
        x = self.second(jax.nn.silu(self.first(_waves(time, self.features))))
        if self.label is not None:
            x = x + self.label(jnp.full(time.shape, self.classes) if label is None else label)
        return jax.nn.silu(x)


class ResidualBlock(nnx.Module):
    """Two convolutions beside a shortcut, told the condition between them; an untrained one is its shortcut."""

    def __init__(self, inputs: int, outputs: int, features: int, *, dtype: jnp.dtype, rngs: nnx.Rngs):
        window = Window(3, padding=1)
        self.norms = nnx.List([_norm(inputs, rngs), _norm(outputs, rngs)])
        self.first = Convolution(inputs, outputs, window, dtype=dtype, rngs=rngs)
        self.second = _zeroed(Convolution(outputs, outputs, window, dtype=dtype, rngs=rngs))
        self.tell = nnx.Linear(features, 2 * outputs, rngs=rngs)
        same = inputs == outputs
        self.shortcut = nnx.data(None if same else nnx.Linear(inputs, outputs, dtype=dtype, rngs=rngs))

    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        """Map [batch, height, width, input] and [batch, feature] to [batch, height, width, output]."""
        scale, shift = jnp.split(self.tell(condition)[:, None, None], 2, axis=-1)
        y = self.first(jax.nn.silu(self.norms[0](x)))
        y = self.second(jax.nn.silu(self.norms[1](y) * (1 + scale) + shift))
        return y + (x if self.shortcut is None else self.shortcut(x))


class Attention(nnx.Module):
    """Lets all positions of the maps attend to each other; an untrained one changes nothing.

    Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, channels: int, *, dtype: jnp.dtype, rngs: nnx.Rngs):
        self.heads = math.gcd(channels, _HEADS)
        self.norm = _norm(channels, rngs)
        self.project = nnx.Linear(channels, 3 * channels, dtype=dtype, rngs=rngs)
        zero = nnx.initializers.zeros_init()
        self.combine = nnx.Linear(channels, channels, dtype=dtype, kernel_init=zero, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [batch, height, width, channel] to the same shape."""
        batch, height, width, channels = x.shape
        projected = self.project(self.norm(x)).reshape(batch, height * width, 3, self.heads, -1)
        query, key, value = (projected[:, :, part] for part in range(3))  # [batch, position, head, feature]
        scores = jnp.einsum("bqhf,bmhf->bhqm", query, key) / math.sqrt(query.shape[-1])
        weights = jax.nn.softmax(scores.astype(jnp.float32), axis=-1).astype(value.dtype)
        attended = jnp.einsum("bhqm,bmhf->bqhf", weights, value)
        return x + self.combine(attended.reshape(batch, height, width, channels))


class UNet(nnx.Module):
    """Goes down stage by stage to maps of half the size, and up again, each stage beside its equal.

    Sides need not be even: a half is rounded up, and cut again on the way up. The last layer is
    zero, so that an untrained network says 0.
    """

    def __init__(self, shape: Shape, *, rngs: nnx.Rngs):
        kind, features = jnp.dtype(shape.dtype), 4 * shape.channels
        widths = [shape.channels * 2**stage for stage in range(shape.stages)]

        def blocks(inputs: int, outputs: int) -> nnx.List:
            sizes = [inputs, *[outputs] * shape.blocks]
            pairs = itertools.pairwise(sizes)
            return nnx.List([ResidualBlock(*pair, features, dtype=kind, rngs=rngs) for pair in pairs])

        def convolution(inputs: int, outputs: int, stride: int) -> Convolution:
            return Convolution(inputs, outputs, Window(3, stride=stride, padding=1), dtype=kind, rngs=rngs)

        wider, deepest = list(itertools.pairwise(widths)), widths[-1]
        self.condition = Condition(features, shape.classes, rngs=rngs)
        self.enter = convolution(shape.image[-1], widths[0], 1)
        self.down = nnx.List([blocks(width, width) for width in widths])
        self.halve = nnx.List([convolution(low, high, 2) for low, high in wider])
        self.middle = blocks(deepest, deepest)
        self.attention = nnx.data(Attention(deepest, dtype=kind, rngs=rngs) if shape.attention else None)
        self.up = nnx.List([blocks(2 * width, width) for width in widths])
        self.double = nnx.List([convolution(high, low, 1) for low, high in wider])
        self.norm = _norm(widths[0], rngs)
        self.leave = _zeroed(convolution(widths[0], shape.image[-1], 1))

    def __call__(self, x: jax.Array, time: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, height, width, channel], times in [0, 1] and classes, each [batch], to float32 of x's shape."""
        condition = self.condition(time, label)
        x, skips = self.enter(x), []
        for stage, blocks in enumerate(self.down):
            x = self.halve[stage - 1](x) if stage else x
            x = _through(blocks, x, condition)
            skips.append(x)
        x = _through(self.middle, x, condition)
        x = x if self.attention is None else self.attention(x)
        for stage in reversed(range(len(skips))):
            x = _through(self.up[stage], jnp.concatenate([x, skips[stage]], axis=-1), condition)
            x = self.double[stage - 1](_doubled(x, skips[stage - 1].shape)) if stage else x
        return self.leave(jax.nn.silu(self.norm(x))).astype(jnp.float32)


class PointNetwork(nnx.Module):
    """Dense layers beside shortcuts, for points in the plane. An untrained one says 0.

    Points are told by waves of growing frequency beside their coordinates, without which a dense
    network is slow to learn fine structure.

    Reference: Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions in Low
    Dimensional Domains", 2020, arXiv:2006.10739, section 6.1 ("positional encoding").
    """

    def __init__(self, units: int, blocks: int, *, dtype: str, rngs: nnx.Rngs):
        kind, zero = jnp.dtype(dtype), nnx.initializers.zeros_init()
        self.condition = Condition(units, 0, rngs=rngs)
        self.enter = nnx.Linear(2 + 4 * _OCTAVES, units, rngs=rngs)
        self.norms = nnx.List([nnx.LayerNorm(units, rngs=rngs) for _ in range(blocks)])
        self.tell = nnx.List([nnx.Linear(units, 2 * units, rngs=rngs) for _ in range(blocks)])
        self.first = nnx.List([nnx.Linear(units, 2 * units, dtype=kind, rngs=rngs) for _ in range(blocks)])
        self.second = nnx.List(
            [nnx.Linear(2 * units, units, dtype=kind, kernel_init=zero, rngs=rngs) for _ in range(blocks)]
        )
        self.leave = nnx.Linear(units, 2, kernel_init=zero, rngs=rngs)

    def __call__(self, x: jax.Array, time: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Map [batch, 2] and times in [0, 1], [batch], to float32 [batch, 2]; points have no classes."""
        condition = self.condition(time, None)
        angles = (x[:, :, None] * math.pi * 2.0 ** jnp.arange(-1, _OCTAVES - 1).reshape(1, 1, -1)).reshape(len(x), -1)
        x = self.enter(jnp.concatenate([x, jnp.sin(angles), jnp.cos(angles)], axis=-1))
        for norm, tell, first, second in zip(self.norms, self.tell, self.first, self.second, strict=True):
            scale, shift = jnp.split(tell(condition), 2, axis=-1)
            x = x + second(jax.nn.silu(first(norm(x) * (1 + scale) + shift))).astype(jnp.float32)
        return self.leave(x)


def _waves(time: jax.Array, features: int) -> jax.Array:
    """Map [batch] in [0, 1] to sines and cosines [batch, feature] of falling frequency."""
    count = features // 2
    frequencies = _FINEST * jnp.exp(-math.log(_SLOWEST) * jnp.arange(count) / count)
    angles = time[:, None] * frequencies[None]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def _norm(channels: int, rngs: nnx.Rngs) -> nnx.GroupNorm:
    # Groups of several channels each, unlike `Norm("group")` on narrow layers: over a group of one,
    # the level of a channel, which tells dark from bright, would be lost.
    return nnx.GroupNorm(channels, num_groups=math.gcd(channels, 8), dtype=jnp.float32, rngs=rngs)


def _zeroed(convolution: Convolution) -> Convolution:
    convolution.kernel.set_value(jnp.zeros_like(convolution.kernel[...]))
    return convolution


def _through(blocks: nnx.List, x: jax.Array, condition: jax.Array) -> jax.Array:
    for block in blocks:
        x = block(x, condition)
    return x


def _doubled(x: jax.Array, like: tuple[int, ...]) -> jax.Array:
    """Repeat each pixel twice in height and width, and cut what `like`, a shape, has not."""
    batch, height, width, channel = x.shape
    wide = jnp.broadcast_to(x[:, :, None, :, None], (batch, height, 2, width, 2, channel))
    return wide.reshape(batch, 2 * height, 2 * width, channel)[:, : like[1], : like[2]]
