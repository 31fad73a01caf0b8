"""Small pictures in rows: images, feature maps, kernels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.palette import Palette, limits


@dataclasses.dataclass(frozen=True)
class ColorScale:
    """The colour scale that several tiles share, drawn as a colour bar.

    Attributes:
        palette: the colours.
        limits: values at the two ends.
        label: what the values are, with their unit.
    """

    palette: Palette
    limits: tuple[float, float]
    label: str = ""

    @classmethod
    def of(cls, values: np.ndarray, label: str = "") -> ColorScale:
        """Choose the scale by the values: diverging around zero where some are negative, else sequential."""
        palette: Palette = "signed" if np.nanmin(values) < 0 else "heat"
        return cls(palette, limits(values, palette), label)


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """One small picture.

    Attributes:
        pixels: an image or a map, [height, width] with no, one or three channels (see `palette.limits`).
        caption: text below it.
        palette: colours of a map; an image is gray or has colours.
        limits: values at the two ends of the palette; default: the lowest and highest of the tile.
        window: height and width of the windows between heavy lines, in pixels; None: no lines.
        annotate: write the value of each pixel into it; in a file only.
        axes: labels of the vertical and the horizontal axis, or none; in a file only.
        ticks: a label per row and per column, or none; in a file only.
    """

    pixels: np.ndarray
    caption: str = ""
    palette: Palette = "gray"
    limits: tuple[float, float] | None = None
    window: tuple[int, int] | None = None
    annotate: bool = False
    axes: tuple[str, str] | None = None
    ticks: tuple[Sequence[str], Sequence[str]] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """Tiles side by side.

    Attributes:
        tiles: the pictures.
        label: text to the left; line breaks are kept.
        scale: colour scale of this row, drawn below the label.
    """

    tiles: Sequence[Tile]
    label: str = ""
    scale: ColorScale | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class TileGrid:
    """Rows of tiles; the rows may differ in length.

    Attributes:
        title: title of the picture.
        rows: from top to bottom.
        note: text below the title.
        scale: colour scale of all tiles, drawn below the note.
        abreast: number of rows side by side; in a file only.
    """

    title: str
    rows: Sequence[Row]
    note: str = ""
    scale: ColorScale | None = None
    abreast: int = 1

    def __post_init__(self) -> None:
        if not any(row.tiles for row in self.rows):
            raise ValueError("a grid must have at least one tile")


def album(
    pixels: np.ndarray,
    captions: Sequence[str] = (),
    *,
    title: str,
    columns: int = 8,
    note: str = "",
    nearest: np.ndarray | None = None,
) -> TileGrid:
    """Arrange images in rows.

    Args:
        pixels: images [image, height, width, channel]; other than one or three channels are averaged to gray.
        captions: one per image, or none.
        title: title of the picture.
        columns: images per row.
        note: text below the title.
        nearest: an image for each image, which is shown in a row below it, of the same shape as `pixels`; None: none.
    """
    rows = in_rows(_tiles(pixels, captions or [""] * len(pixels)), columns)
    if nearest is not None:
        below = in_rows(_tiles(nearest, [""] * len(nearest)), columns)
        pairs = zip(rows, below, strict=True)
        rows = [
            dataclasses.replace(row, label=label)
            for pair in pairs
            for row, label in zip(pair, ("samples", "nearest\ntraining\nimages"), strict=True)
        ]
    return TileGrid(title, rows, note)


def _tiles(pixels: np.ndarray, captions: Sequence[str]) -> list[Tile]:
    shown = pixels if pixels.shape[-1] in (1, 3) else pixels.mean(axis=-1).astype(pixels.dtype)
    return [Tile(image, caption) for image, caption in zip(shown, captions, strict=True)]


def in_rows(tiles: Sequence[Tile], columns: int) -> list[Row]:
    """Break tiles into rows of `columns`."""
    return [Row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
