"""Images in half blocks, or in characters of growing weight."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcli.plot.palette import Palette, limits, luminance, normalize, paint, plane
from dlcli.plot.terminal.fitting import cut, spread
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, render
from dlcli.plot.tiles import Grid, Row, Tile

_RAMP = np.array(list(" .:-=+*#%@"))
_SIGNED_RAMP = np.array(list("=-. :+#"))
_GAP = 2  # columns between two pictures


def image(
    pixels: np.ndarray,
    *,
    width: int = 80,
    height: int = 24,
    palette: Palette = "gray",
    ends: tuple[float, float] | None = None,
    colour: bool = True,
) -> list[str]:
    """Draw an image or map in at most `width` columns and `height` lines.

    It keeps its proportions (a character is taken to be twice as high as wide): scaled down it is
    averaged over areas, scaled up each pixel becomes a block of whole characters.

    Args:
        pixels: [height, width] with no, one or three channels.
        width: columns.
        height: lines.
        palette: of a map; images are gray or bring their own colours.
        ends: values at the ends of the palette; by default `palette.limits`.
        colour: two pixels in a character, with their colours; else one character, of its weight.
    """
    return _draw(Tile(pixels, palette=palette, ends=ends), width, height, colour).lines


def images(
    tiles: Sequence[Tile], *, width: int = 80, height: int = 9, per_line: int = 4, colour: bool = True
) -> list[str]:
    """Draw images side by side with their captions, in as many rows as it takes.

    Args:
        tiles: the images.
        width: columns of the whole.
        height: lines of an image at most.
        per_line: images side by side.
        colour: see `image`.
    """
    room = (width - _GAP * (per_line - 1)) // per_line
    if room < 1:
        raise ValueError(f"{per_line} images side by side must have a column each, got {width} columns")
    blocks = [_draw(tile, room, height, colour) for tile in tiles]
    slot = min(room, max((max(block.across, columns(block.caption)) for block in blocks), default=0))
    lines: list[str] = []
    for start in range(0, len(blocks), per_line):
        lines += [""] * (start > 0)  # else the pictures of two rows would touch
        lines += _side_by_side(blocks[start : start + per_line], slot)
    return lines


def grid(
    content: Grid,
    *,
    width: int = 80,
    height: int = 9,
    per_line: int = 4,
    colour: bool = True,
    most: int | None = None,
    together: int = 1,
) -> list[str]:
    """Draw a grid; within `most` lines of a row with a label only the first `per_line` pictures, and it says so.

    Args:
        content: the rows of pictures.
        width: columns of the whole.
        height: lines of a picture at most.
        per_line: pictures side by side.
        colour: see `image`.
        most: lines of the whole. Pictures become a little smaller for it, then rows are left out; None: any number.
        together: rows that are shown together or not at all.
    """
    lines = [*paragraph(content.title, width), *paragraph(content.note, width)]
    if not colour:
        lines += paragraph(_meaning({tile.palette for row in content.rows for tile in row.tiles}), width)
    lines.append("")
    room = None if most is None else most - len(lines)
    for size in (height, *range(height - 1, height * 2 // 3, -1)):
        blocks = [_row(row, (width, size), per_line, colour, whole=most is None) for row in content.rows]
        if room is None or len(spread(blocks, None, "rows")) <= room:
            return lines + spread(blocks, None, "rows")
    blocks = [_row(row, (width, height), per_line, colour, whole=False) for row in content.rows]
    return lines + spread(blocks, room, "rows", together)


def _meaning(palettes: set[Palette]) -> str:
    """Say in plain characters what the title says in colours."""
    if "signed" in palettes:
        below, above = " ".join(_SIGNED_RAMP[:3]), " ".join(_SIGNED_RAMP[4:])
        return f"in characters: {below} are negative, {above} positive"
    if palettes & {"heat", "blues"}:
        return f"in characters: from the lowest, a blank, to the highest: {' '.join(_RAMP[1:])}"
    return ""


def _row(row: Row, size: tuple[int, int], per_line: int, colour: bool, *, whole: bool) -> list[str]:
    """Draw one row, in `size` columns and lines for each picture, with what is said of it above."""
    shown = row.tiles[:per_line] if row.label and not whole else row.tiles
    heading = paragraph(_heading(row, len(shown)), size[0])
    return heading + images(shown, width=size[0], height=size[1], per_line=per_line, colour=colour)


def album(
    content: Grid, *, width: int = 80, height: int = 9, colour: bool = True, most: int | None = None
) -> list[str]:
    """Draw the images of a grid, as many side by side as have room in their own size, four at least.

    Args:
        content: the images; its rows are not kept.
        width: columns of the whole.
        height: lines of an image at most.
        colour: see `image`.
        most: lines of the whole, for which the last images are left out; None: any number.
    """
    tiles = [tile for row in content.rows for tile in row.tiles]
    widest = max(np.shape(tile.pixels)[1] for tile in tiles) * (1 if colour else 2)
    per_line = min(max((width + _GAP) // (widest + _GAP), 4), 8)
    rows = -(-len(tiles) // per_line)
    if most is not None:
        least = len(images(tiles[:per_line], width=width, height=height, per_line=per_line, colour=colour)) + 1
        rows = min(rows, max(most // least, 1))
    for shown in range(rows * per_line, 0, -per_line):
        shown = min(shown, len(tiles))
        left = f"; {shown} of {len(tiles)} shown here, --full shows all" if shown < len(tiles) else ""
        lines = paragraph(content.title + left, width)
        lines += images(tiles[:shown], width=width, height=height, per_line=per_line, colour=colour)
        if most is None or len(lines) <= most:
            return lines
    return cut(lines, most, "lines")


class _Block(NamedTuple):
    """A picture of `across` columns, and what is written below it."""

    lines: list[str]
    across: int
    caption: str


def _draw(tile: Tile, width: int, height: int, colour: bool) -> _Block:
    """Draw one tile within so many columns and lines."""
    values = plane(tile.pixels)
    name = tile.palette if values.ndim == 2 else "gray"
    shares = normalize(values, name, tile.ends or limits(values, name))
    # What a character holds, in pixels that are as high as wide: 1 × 2 in colour, half a pixel × 1 without.
    down, across = (2, 1) if colour else (1, 2)
    rows, times = shares.shape[:2], min(height * down / shares.shape[0], width / across / shares.shape[1])
    scale = int(times) if times >= 1 else times
    rows, wide = (max(1, round(side * scale * part)) for side, part in zip(shares.shape, (1, across), strict=False))
    scaled = resample(shares, rows, wide)
    if colour:
        colors = scaled if scaled.ndim == 3 else paint(scaled, name)
        lines = [_half_blocks(colors[row : row + 2]) for row in range(0, rows, 2)]
    else:
        weights = luminance(scaled) if scaled.ndim == 3 else scaled
        lines = ["".join(line) for line in characters(weights, name)]
    return _Block(lines, wide, tile.caption)


def resample(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Average [height, width, ...] over the areas that each of `rows` × `columns` new pixels covers.

    NaN is left out; a new pixel that covers nothing else is NaN.
    """
    down, across = _overlaps(values.shape[0], rows), _overlaps(values.shape[1], columns)
    known = ~np.isnan(values)
    totals = np.einsum("rh,hw...,cw->rc...", down, np.where(known, values, 0.0), across)
    shares = np.einsum("rh,hw...,cw->rc...", down, known.astype(np.float64), across)
    averaged = np.divide(totals, shares, out=np.full(totals.shape, np.nan), where=shares > 0)
    # Rounded, so that equal pixels stay equal whatever the order of the sums.
    return np.round(averaged, 6)


def _overlaps(old: int, new: int) -> np.ndarray:
    """Return [new, old]: which part of each new interval lies in each old one; rows sum to 1."""
    starts, ends = np.arange(new)[:, None] * old / new, np.arange(1, new + 1)[:, None] * old / new
    cells = np.arange(old)
    return np.clip(np.minimum(ends, cells + 1) - np.maximum(starts, cells), 0, None) * new / old


def _half_blocks(pair: np.ndarray) -> str:
    """Draw one or two rows of pixels, [1 or 2, width, 3], as one line; the upper one is the ink."""
    grounds = pair[1] if len(pair) == 2 else [None] * pair.shape[1]
    return render([Cell("▀", ink, ground) for ink, ground in zip(pair[0], grounds, strict=True)], colour=True)


def characters(shares: np.ndarray, name: Palette) -> np.ndarray:
    """Map [...] in [0, 1] to characters; what has no value is a question mark."""
    ramp = _SIGNED_RAMP if name == "signed" else _RAMP
    places = np.rint(np.nan_to_num(shares) * (len(ramp) - 1)).astype(int)
    return np.where(np.isnan(shares), "?", ramp[places])


def _side_by_side(blocks: Sequence[_Block], slot: int) -> list[str]:
    """Join pictures line by line, and their captions below them, each in `slot` columns."""
    tallest = max(len(block.lines) for block in blocks)
    lines = []
    for number in range(tallest):
        parts = [
            (block.lines[number] if number < len(block.lines) else " " * block.across) + " " * (slot - block.across)
            for block in blocks
        ]
        lines.append((" " * _GAP).join(parts))
    captions = [paragraph(block.caption, slot) for block in blocks]
    for written in itertools.zip_longest(*captions, fillvalue=""):
        lines.append((" " * _GAP).join(fit(text, slot) for text in written).rstrip())
    return lines


def _heading(row: Row, shown: int) -> str:
    """Return what is said of a row, its label and scale, in one line."""
    parts = row.label.splitlines()
    if row.scale:
        parts.append("from {:.3g} to {:.3g}".format(*row.scale[1]))
    if shown < len(row.tiles):
        parts.append(f"{shown} of {len(row.tiles)} shown here")
    return ", ".join(parts)
