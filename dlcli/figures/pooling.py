"""A feature map before and after each kind of pooling."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Pooling
from dlcli.nearest import chosen
from dlcli.nn.pooling import POOLS
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.plot.palette import as_colors, luminance
from dlcli.runs.trained import TrainedRun

_NAMES = {"max": "max pooling", "average": "average pooling", "stride": "stride without pooling"}
_MAX_ANNOTATED = 12  # side in pixels up to which the values are written into a map


def draw(options: Pooling, run: TrainedRun | None) -> Figure:
    """Pool a feature map of a run, or an image."""
    what, before = _image(options) if run is None else _map(options, run)
    unit = "luminance" if run is None else "activation"
    if min(before.shape) < 2:
        raise UsageError(f"pooling needs at least two rows and columns, {what} has shape {before.shape}")
    pooled = {
        name: np.asarray(pool(jnp.asarray(before)[None, :, :, None]))[0, :, :, 0] for name, (pool, _) in POOLS.items()
    }
    side = max(window.stride for _, window in POOLS.values())
    title = f"pooling over windows of {side} × {side}: {what}"
    grid = pooling_grid(before, {_NAMES[name]: plane for name, plane in pooled.items()}, unit, window=side, title=title)
    numbers = {
        "run": options.run,
        "feature_map": what,
        "input": to_json(before),
        "outputs": {name: to_json(plane) for name, plane in pooled.items()},
    }
    return Figure("pooling", page.tiles.draw(grid), numbers, functools.partial(terminal.tiles.draw, grid))


def pooling_grid(
    before: np.ndarray, after: Mapping[str, np.ndarray], unit: str, *, window: int, title: str
) -> TileGrid:
    """Arrange a feature map next to its pooled versions, at the same size and on one colour scale.

    Args:
        before: float [height, width].
        after: the pooled maps, by their captions.
        unit: what the values are, for the colour bar.
        window: side of a pooling window, in pixels of `before`.
        title: title of the picture.
    """
    scale = ColorScale.of(np.concatenate([plane.ravel() for plane in (before, *after.values())]), unit)
    tiles = [_tile("input", before, scale, window), *(_tile(name, plane, scale, 1) for name, plane in after.items())]
    return TileGrid(title, [Row(tiles)], scale=scale)


def _tile(name: str, plane: np.ndarray, scale: ColorScale, window: int) -> Tile:
    caption = f"{name}, {plane.shape[0]} × {plane.shape[1]}"
    annotate = max(plane.shape) <= _MAX_ANNOTATED
    return Tile(plane, caption, scale.palette, scale.limits, (window, window), annotate)


def _image(options: Pooling) -> tuple[str, np.ndarray]:
    """Return the name of an image and its luminance, float32 [height, width] in [0, 1]."""
    example = subject.example(options, None)
    return example.source, luminance(as_colors(subject.drawable(example.pixels))).astype(np.float32)


def _map(options: Pooling, run: TrainedRun) -> tuple[str, np.ndarray]:
    """Return the name and the activations, float32 [height, width], of a channel of a layer."""
    learner = run.learner
    names = learner.network.backbone.names
    layer = chosen("--layer", options.layer or names[0], names)
    example = subject.example(options, run, learner.facts)
    found = subject.activation_maps(learner, example.pixels)[layer]
    channel = int(found.sum(axis=(0, 1)).argmax()) if options.channel is None else options.channel
    if channel >= found.shape[-1]:
        raise UsageError(
            f"--channel must be less than {found.shape[-1]}, the number of channels of {layer}, got {channel}"
        )
    return f"channel {channel} of {layer}, {Path(options.run).name}, {example.source}", found[..., channel]
