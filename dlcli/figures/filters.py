"""The kernels of a convolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import Filters
from dlcli.nearest import chosen
from dlcli.plot import grids, maps, terminal
from dlcli.plot.tiles import Grid
from dlcli.runs.trained import TrainedRun

# Outputs and inputs that a page and a terminal hold of a layer with many inputs, which has a kernel for each pair.
_DRAWN, _SKETCHED = (16, 16), (8, 8)


def draw(options: Filters, run: TrainedRun) -> Figure:
    """Show the kernels of one convolution, by default the first, which sees the image itself."""
    kernels = run.learner.network.convolutions()
    layer = chosen("--layer", options.layer or next(iter(kernels)), list(kernels))
    weights = np.asarray(kernels[layer], np.float32)  # [height, width, input, output]
    title = f"filters of {layer}, {' × '.join(map(str, weights.shape[:3]))}; {Path(options.run).name}"
    numbers = {
        "run": options.run,
        "layer": layer,
        "layers": list(kernels),
        "axes": ["height", "width", "input", "output"],
        "kernels": listed(weights),
    }
    return Figure(
        "filters",
        grids.draw(_grid(weights, title, _DRAWN)),
        numbers,
        lambda width, colour, most=None: terminal.grid(
            _grid(weights, title, _SKETCHED), width=width, height=4, per_line=8, colour=colour, most=most
        ),
    )


def _grid(weights: np.ndarray, title: str, most: tuple[int, int]) -> Grid:
    if weights.shape[2] in (1, 3):
        return maps.filters(weights, title=title)
    return maps.filters(weights, title=title, outputs=most[0], inputs=most[1])
