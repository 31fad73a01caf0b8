"""What a convolutional layer holds and makes: its kernels, its maps, and what pooling leaves of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.plot import palette
from dlcli.plot.palette import Palette
from dlcli.plot.tiles import Grid, Row, Tile

_PER_ROW = 8
_NUMBERED = 12  # maps of up to this many pixels a side show their numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """The maps of a layer for one image, float [height, width, channel]."""

    name: str
    maps: np.ndarray


def filters(kernels: np.ndarray, *, title: str, outputs: int = 64, inputs: int = 16) -> Grid:
    """Show the kernels of a layer, float [height, width, input, output].

    Over three inputs they are colour pictures, gray being zero, since such layers see colours.
    Over one input they are signed maps; over more, each output has a row with a map for each input.
    All share one scale.

    Args:
        kernels: as flax keeps them.
        title: of the picture.
        outputs: how many outputs are shown at most; what is left out is said.
        inputs: likewise for inputs, where they have maps of their own.
    """
    bound = float(np.abs(kernels).max()) or 1.0
    kept = kernels[..., :outputs].transpose(3, 2, 0, 1)  # [output, input, height, width]
    shown = _shown(kernels.shape[3], len(kept), "kernels")
    note = _described("signed", (-bound, bound))
    if kept.shape[1] == 3:
        colors = (kept.transpose(0, 2, 3, 1) / bound + 1) / 2
        note = f"red, green and blue weights; gray is 0, full strength is ±{bound:.3g}"
        rows = _rows([Tile(picture, str(index)) for index, picture in enumerate(colors)])
    elif kept.shape[1] == 1:
        rows = _rows([_kernel(plane[0], str(index), bound) for index, plane in enumerate(kept)])
    else:
        kept = kept[:, :inputs]
        shown += f", over {_shown(kernels.shape[2], kept.shape[1], 'inputs')}"
        rows = [
            Row([_kernel(plane, "", bound) for plane in planes], f"output {index}") for index, planes in enumerate(kept)
        ]
    return Grid(title, rows, f"{shown}; {note}")


def activations(
    image: np.ndarray, layers: Sequence[Layer], *, title: str, shared: bool = True, channels: int = _PER_ROW
) -> Grid:
    """Show an image and, row by row, the maps that each layer makes of it.

    Args:
        image: [height, width] with no, one or three channels.
        layers: from the input to the output.
        title: of the picture.
        shared: whether the maps of a layer share one scale, or each reaches from its least to its
            greatest value.
        channels: how many maps of a layer are shown at most, the first ones; what is left out is said.
    """
    rows = [Row([Tile(image)], "input")]
    for layer in layers:
        maps = layer.maps[..., :channels]
        name, ends = _scale(maps)
        label = f"{layer.name}\n{' × '.join(map(str, layer.maps.shape))}"
        if maps.shape[-1] < layer.maps.shape[-1]:
            label += f"\nthe first {maps.shape[-1]} maps"
        tiles = [
            Tile(plane, str(index), name, ends if shared else None)
            for index, plane in enumerate(np.moveaxis(maps, -1, 0))
        ]
        rows.append(Row(tiles, label, (name, ends) if shared else None))
    scale = "the maps of a layer share one scale" if shared else "each map is scaled by itself, least to greatest"
    return Grid(title, rows, f"height × width × channels; {scale}")


def pooling(before: np.ndarray, after: Mapping[str, np.ndarray], *, window: int, title: str) -> Grid:
    """Show a map [height, width] beside what each way of pooling leaves of it.

    All are drawn as large and share one scale; heavy lines are the borders of the windows.

    Args:
        before: the map.
        after: name of the way, as "maximum", and its map.
        window: side of the windows, in pixels of `before`.
        title: of the picture.
    """
    scale = _scale(np.concatenate([plane.ravel() for plane in (before, *after.values())]))
    tiles = [_pooled("before", before, scale, window)]
    tiles += [_pooled(name, plane, scale, 1) for name, plane in after.items()]
    return Grid(title, [Row(tiles)], _described(*scale))


def _pooled(name: str, plane: np.ndarray, scale: tuple[Palette, tuple[float, float]], window: int) -> Tile:
    caption = f"{name}, {plane.shape[0]} × {plane.shape[1]}"
    return Tile(plane, caption, *scale, window=(window, window), numbers=max(plane.shape) <= _NUMBERED)


def _kernel(plane: np.ndarray, caption: str, bound: float) -> Tile:
    return Tile(plane, caption, "signed", (-bound, bound))


def _rows(tiles: Sequence[Tile]) -> list[Row]:
    return [Row(tiles[start : start + _PER_ROW]) for start in range(0, len(tiles), _PER_ROW)]


def _scale(values: np.ndarray) -> tuple[Palette, tuple[float, float]]:
    """Return the palette that suits the values, signed where some are negative, and its ends."""
    name: Palette = "signed" if np.nanmin(values) < 0 else "heat"
    return name, palette.limits(values, name)


def _described(name: Palette, ends: tuple[float, float]) -> str:
    low, high = (f"{end:.3g}" for end in ends)
    if name == "signed":
        return f"one scale for all, from {low} (blue) over 0 (white) to {high} (red)"
    return f"one scale for all, from {low} (black) to {high} (yellow)"


def _shown(there: int, shown: int, what: str) -> str:
    return f"{there} {what}" if shown == there else f"the first {shown} of {there} {what}"
