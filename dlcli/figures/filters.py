"""The kernels of a convolution."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Filters
from dlcli.nearest import chosen
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid, in_rows
from dlcli.runs.trained import TrainedRun

# Maximum output and input channels, in a file and in the terminal, of a layer whose kernels have many inputs.
_PAGE, _TERMINAL = (16, 16), (8, 8)
_MAX_KERNELS = 64  # of a layer with one or three input channels
_PER_ROW = 8


def draw(options: Filters, run: TrainedRun) -> Figure:
    """Show the kernels of one convolution, by default of the first, whose input is the image.

    Beside each kernel is the activation map of its output channel, where the layer has this convolution alone.
    """
    kernels = run.learner.network.convolutions()
    layer = chosen("--layer", options.layer or next(iter(kernels)), list(kernels))
    weights = np.asarray(kernels[layer], np.float32)  # [height, width, input, output]
    title = f"filters of {layer}, {Path(options.run).name}"
    numbers = {
        "run": options.run,
        "layer": layer,
        "layers": list(kernels),
        "axes": ["height", "width", "input", "output"],
        "kernels": to_json(weights),
    }
    example = subject.example(options, run, run.facts)
    maps = subject.activation_maps(run.learner, example.pixels).get(layer)  # of a layer with one convolution
    if maps is not None:
        title += f"; activation maps of {example.source}"
        numbers |= {"image": example.source, "maps": to_json(maps)}
    image = subject.drawable(example.pixels)
    drawing = page.tiles.draw(_with_maps(kernel_grid(weights, title, *_PAGE), image, maps))
    grid = _with_maps(kernel_grid(weights, title, *_TERMINAL), None, maps)
    together = 2 if maps is not None and weights.shape[2] in (1, 3) else 1  # kernels and their maps
    sketch = functools.partial(terminal.tiles.draw, grid, height=4, per_line=_PER_ROW, together=together)
    return Figure("filters", drawing, numbers, sketch)


def _with_maps(grid: TileGrid, image: np.ndarray | None, maps: np.ndarray | None) -> TileGrid:
    """Put the activation map of each kernel below it, or beside the kernels of an output channel.

    Args:
        grid: of `kernel_grid`.
        image: [height, width] with no, one or three channels, as the first row; None: no such row.
        maps: float [height, width, output]; None: unknown.
    """
    if maps is None:
        return grid
    scale = ColorScale.of(maps)
    tiles = [Tile(maps[..., number], "", scale.palette, scale.limits) for number in range(maps.shape[-1])]
    rows: list[Row] = [] if image is None else [Row([Tile(image)], "input")]
    shown = 0
    for row in grid.rows:
        if row.label:  # the kernels of one output channel
            rows.append(Row([dataclasses.replace(tiles[shown], caption="map"), *row.tiles], row.label))
            shown += 1
        else:
            rows.append(Row(row.tiles, "kernels"))
            rows.append(Row(tiles[shown : shown + len(row.tiles)], "activation maps", scale))
            shown += len(row.tiles)
    return dataclasses.replace(grid, rows=rows)


def kernel_grid(kernels: np.ndarray, title: str, outputs: int, inputs: int) -> TileGrid:
    """Arrange the kernels of a layer, on one colour scale.

    Kernels with three input channels are colour pictures in which gray is 0. Kernels with one input channel are signed
    maps. With other numbers of channels, each output channel has a row with a signed map per input channel.

    Args:
        kernels: float [height, width, input, output], the layout of flax.
        title: title of the picture.
        outputs: maximum number of rows of a layer with many input channels.
        inputs: maximum number of maps per row.
    """
    height, width, channels, count = kernels.shape
    many = channels not in (1, 3)
    shown = kernels[..., : outputs if many else _MAX_KERNELS].transpose(3, 2, 0, 1)  # [output, input, height, width]
    note = f"{_shown(count, len(shown), 'kernels')} of {height} × {width}, "
    bound = float(np.abs(kernels).max()) or 1.0
    scale = ColorScale("signed", (-bound, bound), "weight")
    if channels == 3:
        note += f"3 input channels; each RGB channel from {-bound:.3g} (0) over 0 (gray) to {bound:.3g} (1)"
        colors = (shown.transpose(0, 2, 3, 1) / bound + 1) / 2
        return TileGrid(title, in_rows([Tile(each, str(index)) for index, each in enumerate(colors)], _PER_ROW), note)
    if channels == 1:
        tiles = [Tile(each[0], str(index), "signed", scale.limits) for index, each in enumerate(shown)]
        return TileGrid(title, in_rows(tiles, _PER_ROW), note + "1 input channel", scale)
    shown = shown[:, :inputs]
    rows = [
        Row([Tile(each, "", "signed", scale.limits) for each in kernel], f"output {index}")
        for index, kernel in enumerate(shown)
    ]
    return TileGrid(title, rows, note + _shown(channels, shown.shape[1], "input channels"), scale)


def _shown(count: int, shown: int, what: str) -> str:
    return f"{count} {what}" if shown == count else f"first {shown} of {count} {what}"
