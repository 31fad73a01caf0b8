"""What a picture made of small pictures shows, for a file and for the terminal alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.palette import Palette


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """One small picture.

    Attributes:
        pixels: an image or map, [height, width] with no, one or three channels (see `palette.limits`).
        caption: what is written below it.
        palette: colours of a map; images are gray or bring their own.
        ends: values at the two ends of the palette; by default the tile's own.
        window: rows and columns of pixels between two heavy lines; without it no lines are ruled.
        numbers: whether each pixel shows its value, in a file.
    """

    pixels: np.ndarray
    caption: str = ""
    palette: Palette = "gray"
    ends: tuple[float, float] | None = None
    window: tuple[int, int] | None = None
    numbers: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """Pictures side by side.

    Attributes:
        tiles: the pictures.
        label: what stands to their left; its lines are kept.
        scale: palette and the values at its ends, shown below the label, where the tiles share them.
    """

    tiles: Sequence[Tile]
    label: str = ""
    scale: tuple[Palette, tuple[float, float]] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Rows of pictures, of any lengths, below a title and a note on all of them."""

    title: str
    rows: Sequence[Row]
    note: str = ""

    def __post_init__(self) -> None:
        if not any(row.tiles for row in self.rows):
            raise ValueError("a grid must hold at least one tile")


def album(pixels: np.ndarray, captions: Sequence[str] = (), *, title: str, columns: int, note: str = "") -> Grid:
    """Lay out images [batch, height, width, channel] in rows of so many.

    Images of two or four channels, as arrays may be, have no colours; their channels are averaged.
    """
    shown = pixels if pixels.shape[-1] in (1, 3) else pixels.mean(axis=-1).astype(pixels.dtype)
    tiles = [Tile(image, caption) for image, caption in zip(shown, captions or [""] * len(shown), strict=True)]
    return Grid(title, [Row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)], note)
