"""The activation maps that each layer makes of an image."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import Activations
from dlcli.nearest import chosen
from dlcli.plot import grids, maps, terminal
from dlcli.plot.tiles import Grid, Row
from dlcli.runs.trained import TrainedRun

_LINES = 48  # of all maps in the terminal
_ACROSS = 8  # maps side by side on a page


def draw(options: Activations, run: TrainedRun) -> Figure:
    """Show the first maps of each layer, or of one, for one image."""
    learner = run.learner
    names = learner.network.backbone.names
    shown = [chosen("--layer", options.layer, names)] if options.layer else names
    example = subject.example(options, run, learner.facts)
    found = subject.activation_maps(learner, example.pixels)
    title = f"activation maps for {example.source}; {Path(options.run).name}"
    layers = [maps.Layer(name, found[name]) for name in shown]
    grid = maps.activations(subject.drawable(example.pixels), layers, title=title, channels=options.maps)
    height = min(max(_LINES // len(layers), 3), 9)  # of a map in the terminal
    numbers = {
        "run": options.run,
        "image": example.source,
        "axes": ["height", "width", "channel"],
        "layers": {name: _described(found[name], options.maps) for name in shown},
    }
    return Figure(
        "activations",
        grids.draw(_wrapped(grid)),
        numbers,
        lambda width, colour, most=None: terminal.grid(grid, width=width, height=height, colour=colour, most=most),
    )


def _wrapped(grid: Grid) -> Grid:
    """Break rows that are too long for a page; what stands to the left of a row stands there once."""
    rows = [
        Row(row.tiles[start : start + _ACROSS], *([] if start else [row.label, row.scale]))
        for row in grid.rows
        for start in range(0, len(row.tiles), _ACROSS)
    ]
    return dataclasses.replace(grid, rows=rows)


def _described(values: np.ndarray, shown: int) -> dict[str, Any]:
    """Return what holds for all maps of a layer, and the maps that are shown."""
    return {
        "shape": list(values.shape),
        "mean": listed(values.mean()),
        "largest": listed(values.max()),
        "share_of_zeros": listed((values == 0).mean()),
        "maps": listed(values[..., :shown]),
    }
