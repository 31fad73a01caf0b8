"""The activation maps of each layer for an image."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Activations
from dlcli.nearest import chosen
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun

_TERMINAL_LINES = 48  # of the maps of all layers
_PER_LINE = 8  # maps side by side in a file


def draw(options: Activations, run: TrainedRun) -> Figure:
    """Show the most active maps of each layer, or of one layer, for one image."""
    learner = run.learner
    names = learner.network.backbone.names
    shown = [chosen("--layer", options.layer, names)] if options.layer else names
    example = subject.example(options, run, learner.facts)
    maps = subject.activation_maps(learner, example.pixels)
    title = f"activation maps of {Path(options.run).name}: {example.source}"
    layers = {name: maps[name] for name in shown}
    grid = activation_grid(subject.drawable(example.pixels), layers, title=title, channels=options.maps)
    height = min(max(_TERMINAL_LINES // len(layers), 3), 9)  # of a map in the terminal
    numbers = {
        "run": options.run,
        "image": example.source,
        "axes": ["height", "width", "channel"],
        "layers": {name: _statistics(values, options.maps) for name, values in layers.items()},
    }
    return Figure(
        "activations",
        page.tiles.draw(_wrapped(grid)),
        numbers,
        functools.partial(terminal.tiles.draw, grid, height=height),
    )


def activation_grid(image: np.ndarray, layers: Mapping[str, np.ndarray], *, title: str, channels: int) -> TileGrid:
    """Arrange an image and, row by row, the activation maps of each layer; the maps of a layer share a colour scale.

    Args:
        image: [height, width] with no, one or three channels.
        layers: float [height, width, channel] by the name of the layer, from the input to the output.
        title: title of the picture.
        channels: maximum number of maps per layer, those with the largest mean magnitude.
    """
    rows = [Row([Tile(image)], "input")]
    for name, values in layers.items():
        numbers = most_active(values, channels)
        shown = values[..., numbers]
        scale = ColorScale.of(shown)
        label = f"{name}\n{' × '.join(map(str, values.shape))}"
        if shown.shape[-1] < values.shape[-1]:
            label += f"\nthe {shown.shape[-1]} most active"
        tiles = [
            Tile(shown[..., place], str(number), scale.palette, scale.limits) for place, number in enumerate(numbers)
        ]
        rows.append(Row(tiles, label, scale))
    return TileGrid(title, rows, "height × width × channels; one colour scale per layer")


def most_active(maps: np.ndarray, count: int) -> list[int]:
    """Return the channels of maps [height, width, channel] with the largest mean magnitude, the largest first."""
    order = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")
    return [int(channel) for channel in order[:count]]


def _wrapped(grid: TileGrid) -> TileGrid:
    """Wrap rows that are too long for a page; the label is repeated on none of the new rows."""
    rows = [
        Row(row.tiles[start : start + _PER_LINE], "" if start else row.label, None if start else row.scale)
        for row in grid.rows
        for start in range(0, len(row.tiles), _PER_LINE)
    ]
    return dataclasses.replace(grid, rows=rows)


def _statistics(values: np.ndarray, shown: int) -> dict[str, Any]:
    """Return statistics of all maps of a layer, and the maps that are shown."""
    channels = most_active(values, shown)
    return {
        "shape": list(values.shape),
        "mean": to_json(values.mean()),
        "max": to_json(values.max()),
        "sparsity": to_json((values == 0).mean()),
        "channels": channels,
        "maps": to_json(values[..., channels]),
    }
