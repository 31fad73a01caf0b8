"""A map before and after each way of pooling."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import Pooling
from dlcli.nearest import chosen
from dlcli.nn.pooling import POOLS
from dlcli.plot import grids, maps, terminal
from dlcli.plot.palette import as_colors, luminance
from dlcli.runs.trained import TrainedRun

_NAMES = {"max": "maximum", "average": "average", "stride": "stride, no pooling"}


def draw(options: Pooling, run: TrainedRun | None) -> Figure:
    """Pool a map of a run's layer, or an image itself where nothing is trained."""
    what, before = _image(options) if run is None else _map(options, run)
    if min(before.shape) < 2:
        raise UsageError(f"the map must have two rows and columns to be pooled, {what} has {before.shape}")
    pooled = {
        name: np.asarray(pool(jnp.asarray(before)[None, :, :, None]))[0, :, :, 0] for name, (pool, _) in POOLS.items()
    }
    side = max(window.stride for _, window in POOLS.values())
    title = f"pooling {side} × {side} of {what}"
    grid = maps.pooling(before, {_NAMES[name]: plane for name, plane in pooled.items()}, window=side, title=title)
    numbers = {
        "run": options.run,
        "map": what,
        "before": listed(before),
        "after": {name: listed(plane) for name, plane in pooled.items()},
    }
    return Figure(
        "pooling",
        grids.draw(grid),
        numbers,
        lambda width, colour, most=None: terminal.grid(grid, width=width, colour=colour, most=most),
    )


def _image(options: Pooling) -> tuple[str, np.ndarray]:
    """Return an image's name and its lightness, float32 [height, width] in [0, 1]."""
    example = subject.example(options, None)
    return example.source, luminance(as_colors(subject.drawable(example.pixels))).astype(np.float32)


def _map(options: Pooling, run: TrainedRun) -> tuple[str, np.ndarray]:
    """Return the name and the values, float32 [height, width], of a channel of a layer."""
    learner = run.learner
    names = learner.network.backbone.names
    layer = chosen("--layer", options.layer or names[0], names)
    example = subject.example(options, run, learner.facts)
    found = subject.activation_maps(learner, example.pixels)[layer]
    channel = int(found.sum(axis=(0, 1)).argmax()) if options.channel is None else options.channel
    if channel >= found.shape[-1]:
        raise UsageError(f"--channel must be less than {found.shape[-1]}, the channels of {layer}, got {channel}")
    return f"channel {channel} of {layer} for {example.source}; {Path(options.run).name}", found[..., channel]
