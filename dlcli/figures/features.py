"""What excites the units of a convolutional layer: an optimized input, and the image patches that excite them most.

Reference: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill, 2017, doi:10.23915/distill.00007; Zeiler
and Fergus, "Visualizing and Understanding Convolutional Networks", 2014, arXiv:1311.2901, for the patches.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli.artifacts import Figure
from dlcli.figures import held_out
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Features
from dlcli.figures.subject import drawable
from dlcli.formats import printable
from dlcli.nearest import chosen
from dlcli.nn import functional
from dlcli.nn.receptive_field import ReceptiveField
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner

_IMAGES = 500  # validation images that are searched for patches
_BATCH = 100
_STARTS = 64  # random inputs that the optimization may start from
_RATE = 0.1  # of Adam, in logits of pixels
_SMOOTHNESS = 0.5  # weight of the total variation, relative to the activation's scale


def draw(options: Features, run: TrainedRun) -> Figure:
    """Optimize an input for the middle unit of some channels, and show the patches with the largest activations."""
    learner: Learner = run.learner
    names = learner.network.backbone.names
    layer = chosen("--layer", options.layer or names[-1], names)
    images = held_out.examples(options, run, _IMAGES)["image"]
    maps = _maps(learner, layer, images)  # [image, row, column, channel]
    peaks = maps.reshape(len(maps), -1, maps.shape[-1]).max(axis=1)
    # Channels that are excited by few images strongly explain more than those that are always active.
    spread = peaks.max(axis=0) - np.median(peaks, axis=0)
    channels = np.sort(np.argsort(-spread, kind="stable")[: options.units])
    field = _field(learner, layer)
    scale = np.maximum(peaks.max(axis=0)[channels], 1e-6)
    optimized, reached = _optimized(learner, layer, channels, scale, options)
    rows, numbers = [], []
    for number, channel in enumerate(channels):
        patches, values = _patches(images, maps[..., channel], field, options.patches)
        best = values[0] if values else 0.0
        crop = _crop(optimized[number], field, maps.shape[1] // 2, maps.shape[2] // 2)
        tiles = [Tile(drawable(crop), f"optimized\n{reached[number]:.2f}")]
        tiles += [Tile(drawable(patch), f"{value:.2f}") for patch, value in zip(patches, values, strict=True)]
        rows.append(Row(tiles, f"channel {channel}"))
        numbers.append(
            {
                "channel": int(channel),
                "optimized_activation": to_json(reached[number]),
                "largest_activation_of_a_patch": to_json(best),
                "patch_activations": to_json(values),
                "optimized_input": to_json(crop),
            }
        )
    title = f"features of {layer}, {printable(run.folder.name)}: {field.size} × {field.size} pixels per unit"
    note = (
        f"input optimized for one unit ({options.steps} steps), and the patches of {len(images)} validation images "
        "that excite the channel most; below: activation"
    )
    grid = TileGrid(title, rows, note)
    result = {"run": options.run, "layer": layer, "receptive_field": field.size, "channels": numbers}
    sketch = functools.partial(terminal.tiles.draw, grid, height=6, per_line=6)
    return Figure("features", page.tiles.draw(grid), result, sketch)


def _maps(learner: Learner, layer: str, images: np.ndarray) -> np.ndarray:
    compute = functional.jit(functools.partial(_layer, name=layer), learner)
    parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
    return np.concatenate([np.asarray(compute(part.astype(np.float32) / 255), np.float32) for part in parts])


def _layer(learner: Learner, pixels: jax.Array, *, name: str) -> jax.Array:
    """Return the feature maps of a layer for pixels in [0, 1]."""
    return dict(learner.network.backbone.feature_maps(learner.normalize(pixels)))[name]


def _field(learner: Learner, layer: str) -> ReceptiveField:
    field = ReceptiveField()
    for name, windows in learner.network.backbone.geometry():
        field = field.through(windows)
        if name == layer:
            break
    return field


def _optimized(
    learner: Learner, layer: str, channels: np.ndarray, scale: np.ndarray, options: Features
) -> tuple[np.ndarray, np.ndarray]:
    """Return an input per channel, uint8 [channel, height, width, channel], and the activation of its middle unit."""
    graph, state = nnx.split(learner)
    index, rule = jnp.arange(len(channels)), optax.adam(_RATE)
    scales = jnp.asarray(scale, jnp.float32)

    def units(state: nnx.State, logits: jax.Array) -> jax.Array:
        maps = _layer(nnx.merge(graph, state), jax.nn.sigmoid(logits), name=layer)
        return maps[index, maps.shape[1] // 2, maps.shape[2] // 2, channels].astype(jnp.float32)

    def loss(logits: jax.Array, state: nnx.State) -> jax.Array:
        pixels = jax.nn.sigmoid(logits)
        rough = sum(jnp.abs(jnp.diff(pixels, axis=axis)).mean(axis=(1, 2, 3)) for axis in (1, 2))
        return (_SMOOTHNESS * rough - units(state, logits) / scales).sum()

    @jax.jit
    def ascend(state: nnx.State, logits: jax.Array) -> tuple[jax.Array, jax.Array]:
        def step(_: int, carry: tuple[jax.Array, optax.OptState]) -> tuple[jax.Array, optax.OptState]:
            logits, moments = carry
            update, moments = rule.update(jax.grad(loss)(logits, state), moments)
            return logits + update, moments

        logits, _ = jax.lax.fori_loop(0, options.steps, step, (logits, rule.init(logits)))
        return jax.nn.sigmoid(logits), units(state, logits)

    # A unit that is not active has no gradient: each channel starts from the noise that excites it most.
    noise = np.random.default_rng(options.seed).standard_normal([_STARTS, *learner.facts.image]).astype(np.float32)
    maps = _maps(learner, layer, np.asarray(jax.nn.sigmoid(noise)) * 255)
    best = maps[:, maps.shape[1] // 2, maps.shape[2] // 2, channels].argmax(axis=0)
    pixels, reached = ascend(state, jnp.asarray(noise[best]))
    return np.rint(np.asarray(pixels) * 255).astype(np.uint8), np.asarray(reached, np.float64)


def _patches(
    images: np.ndarray, maps: np.ndarray, field: ReceptiveField, count: int
) -> tuple[list[np.ndarray], list[float]]:
    """Return the patches of the images with the largest activations, one per image, and these activations.

    Args:
        images: uint8 [image, height, width, channel].
        maps: of one channel, float [image, row, column].
        field: receptive field of a unit.
        count: number of patches.
    """
    flat = maps.reshape(len(maps), -1)
    best = np.argsort(-flat.max(axis=1), kind="stable")[:count]
    places = [divmod(int(flat[number].argmax()), maps.shape[2]) for number in best]
    patches = [_crop(images[number], field, *place) for number, place in zip(best, places, strict=True)]
    return patches, [float(flat[number].max()) for number in best]


def _crop(image: np.ndarray, field: ReceptiveField, row: int, column: int) -> np.ndarray:
    """Return the receptive field of a unit in an image; pixels outside the image are gray."""
    (top, bottom), (left, right) = field.interval(row), field.interval(column)
    before = max(0, -top), max(0, -left)
    after = max(0, bottom + 1 - image.shape[0]), max(0, right + 1 - image.shape[1])
    margins = [(before[0], after[0]), (before[1], after[1]), (0, 0)]
    padded = np.pad(image, margins, constant_values=128)
    return padded[top + before[0] : bottom + 1 + before[0], left + before[1] : right + 1 + before[1]]
