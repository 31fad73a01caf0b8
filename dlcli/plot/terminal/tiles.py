"""Small pictures in half blocks, or in characters of increasing density."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.plot.palette import Palette, limits, luminance, normalize, paint, squeezed
from dlcli.plot.terminal.fitting import spread, truncate
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, render

_RAMP = np.array(list(" .:-=+*#%@"))
_SIGNED_RAMP = np.array(list("=-. :+#"))
_GAP = 2  # columns between two pictures
_BAR = 24  # columns of a colour bar


def draw(
    grid: TileGrid,
    width: int = 80,
    colour: bool = True,
    max_lines: int | None = None,
    *,
    height: int = 9,
    per_line: int = 4,
    together: int = 1,
) -> list[str]:
    """Draw a grid. Within `max_lines`, only the first `per_line` pictures of a row with a label are shown.

    Args:
        grid: the rows of pictures.
        width: columns of the terminal.
        colour: see `image`.
        max_lines: number of lines available. Pictures become slightly smaller, then rows are left out; None: unlimited.
        height: maximum lines of a picture.
        per_line: pictures side by side.
        together: number of consecutive rows that are kept or left out as a unit.
    """
    lines = [*paragraph(grid.title, width), *paragraph(grid.note, width)]
    if grid.scale:
        lines.append(color_bar(grid.scale, width, colour))
    elif not colour:
        lines += paragraph(_characters_of({tile.palette for row in grid.rows for tile in row.tiles}), width)
    lines.append("")
    left = None if max_lines is None else max_lines - len(lines)
    for size in (height, *range(height - 1, height * 2 // 3, -1)):
        blocks = [_row(row, (width, size), per_line, colour, complete=max_lines is None) for row in grid.rows]
        if left is None or len(spread(blocks, None, "rows")) <= left:
            return lines + spread(blocks, None, "rows")
    blocks = [_row(row, (width, height), per_line, colour, complete=False) for row in grid.rows]
    return lines + spread(blocks, left, "rows", together)


def image(
    pixels: np.ndarray,
    *,
    width: int = 80,
    height: int = 24,
    palette: Palette = "gray",
    limits: tuple[float, float] | None = None,
    colour: bool = True,
) -> list[str]:
    """Draw an image or map in at most `width` columns and `height` lines.

    The aspect ratio is kept, with characters twice as tall as wide. A smaller picture is averaged over areas; in a
    larger one each pixel is a block of whole characters.

    Args:
        pixels: [height, width] with no, one or three channels.
        width: columns.
        height: lines.
        palette: colours of a map; an image is gray or has colours.
        limits: values at the two ends of the palette; default: `palette.limits`.
        colour: draw two pixels per character, in colour; otherwise one character per pixel, by its density.
    """
    return _draw(Tile(pixels, palette=palette, limits=limits), width, height, colour).lines


def images(
    tiles: Sequence[Tile], *, width: int = 80, height: int = 9, per_line: int = 4, colour: bool = True
) -> list[str]:
    """Draw images side by side with their captions, in rows of `per_line`.

    Args:
        tiles: the images.
        width: columns of the terminal.
        height: maximum lines of an image.
        per_line: images side by side.
        colour: see `image`.
    """
    available = (width - _GAP * (per_line - 1)) // per_line
    if available < 1:
        raise ValueError(f"{per_line} images side by side do not fit into {width} columns")
    blocks = [_draw(tile, available, height, colour) for tile in tiles]
    slot = min(available, max((max(block.width, columns(block.caption)) for block in blocks), default=0))
    lines: list[str] = []
    for start in range(0, len(blocks), per_line):
        lines += [""] * (start > 0)  # else the pictures of two rows would touch
        lines += _side_by_side(blocks[start : start + per_line], slot)
    return lines


def album(
    grid: TileGrid, width: int = 80, colour: bool = True, max_lines: int | None = None, *, height: int = 9
) -> list[str]:
    """Draw the images of a grid, with as many side by side as fit at their own size, but at least four.

    Args:
        grid: the images; its rows are ignored.
        width: columns of the terminal.
        colour: see `image`.
        max_lines: number of lines available; the last images are left out; None: unlimited.
        height: maximum lines of an image.
    """
    tiles = [tile for row in grid.rows for tile in row.tiles]
    widest = max(np.shape(tile.pixels)[1] for tile in tiles) * (1 if colour else 2)
    per_line = min(max((width + _GAP) // (widest + _GAP), 4), 8)
    rows = -(-len(tiles) // per_line)
    if max_lines is not None:
        tall = len(images(tiles[:per_line], width=width, height=height, per_line=per_line, colour=colour)) + 1
        rows = min(rows, max(max_lines // tall, 1))
    for shown in range(rows * per_line, 0, -per_line):
        shown = min(shown, len(tiles))
        left = f"; {shown} of {len(tiles)} shown here, --full shows all" if shown < len(tiles) else ""
        lines = paragraph(grid.title + left, width)
        lines += images(tiles[:shown], width=width, height=height, per_line=per_line, colour=colour)
        if max_lines is None or len(lines) <= max_lines:
            return lines
    return truncate(lines, max_lines, "lines")


def color_bar(scale: ColorScale, width: int, colour: bool) -> str:
    """Draw a colour bar in one line, with the values at its ends and its label."""
    low, high = (f"{value:.3g}" for value in scale.limits)
    label = f"  {scale.label}" if scale.label else ""
    length = max(min(_BAR, width - len(low) - len(high) - 2), 1)
    fractions = np.linspace(0, 1, length)
    if colour:
        bar = render([Cell(" ", None, color) for color in paint(fractions, scale.palette)], colour)
    else:
        bar = "".join(characters(fractions, scale.palette))
    return f"{low} {bar} " + fit(f"{high}{label}", min(columns(high + label), width - len(low) - length - 2))


def _characters_of(palettes: set[Palette]) -> str:
    """Return the characters of the palettes, from the lowest value to the highest."""
    if "signed" in palettes:
        below, above = " ".join(_SIGNED_RAMP[:3]), " ".join(_SIGNED_RAMP[4:])
        return f"characters: {below} negative, {above} positive"
    if palettes & {"heat", "blues"}:
        return f"characters, from the lowest value to the highest: blank {' '.join(_RAMP[1:])}"
    return ""


def _row(row: Row, size: tuple[int, int], per_line: int, colour: bool, *, complete: bool) -> list[str]:
    """Draw one row below its label; `size` is the columns of the row and the lines of a picture."""
    shown = row.tiles[:per_line] if row.label and not complete else row.tiles
    heading = paragraph(_heading(row, len(shown)), size[0])
    if row.scale:
        heading.append(color_bar(row.scale, size[0], colour))
    return heading + images(shown, width=size[0], height=size[1], per_line=per_line, colour=colour)


class _Block(NamedTuple):
    """The lines of a picture, its width in columns, and its caption."""

    lines: list[str]
    width: int
    caption: str


def _draw(tile: Tile, width: int, height: int, colour: bool) -> _Block:
    """Draw one tile in at most `width` columns and `height` lines."""
    values = squeezed(tile.pixels)
    name = tile.palette if values.ndim == 2 else "gray"
    fractions = normalize(values, name, tile.limits or limits(values, name))
    # Square pixels per character: 1 × 2 in colour, half of one without.
    down, across = (2, 1) if colour else (1, 2)
    scale = min(height * down / fractions.shape[0], width / across / fractions.shape[1])
    scale = int(scale) if scale >= 1 else scale
    rows, wide = (max(1, round(side * scale * part)) for side, part in zip(fractions.shape, (1, across), strict=False))
    scaled = resample(fractions, rows, wide)
    if colour:
        colors = scaled if scaled.ndim == 3 else paint(scaled, name)
        lines = [_half_blocks(colors[row : row + 2]) for row in range(0, rows, 2)]
    else:
        brightness = luminance(scaled) if scaled.ndim == 3 else scaled
        lines = ["".join(line) for line in characters(brightness, name)]
    return _Block(lines, wide, tile.caption)


def resample(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Resample [height, width, ...] to `rows` × `columns` pixels, by averages over areas.

    NaN is ignored; a new pixel that covers only NaN is NaN.
    """
    down, across = _overlaps(values.shape[0], rows), _overlaps(values.shape[1], columns)
    known = ~np.isnan(values)
    totals = np.einsum("rh,hw...,cw->rc...", down, np.where(known, values, 0.0), across)
    weights = np.einsum("rh,hw...,cw->rc...", down, known.astype(np.float64), across)
    averaged = np.divide(totals, weights, out=np.full(totals.shape, np.nan), where=weights > 0)
    # Rounded, so that equal pixels stay equal regardless of the order of summation.
    return np.round(averaged, 6)


def _overlaps(old: int, new: int) -> np.ndarray:
    """Return the fraction of each new interval that overlaps each old one, [new, old]; rows sum to 1."""
    starts, ends = np.arange(new)[:, None] * old / new, np.arange(1, new + 1)[:, None] * old / new
    cells = np.arange(old)
    return np.clip(np.minimum(ends, cells + 1) - np.maximum(starts, cells), 0, None) * new / old


def _half_blocks(pair: np.ndarray) -> str:
    """Draw one or two rows of pixels, [1 or 2, width, 3], as one line of upper half blocks."""
    lower = pair[1] if len(pair) == 2 else [None] * pair.shape[1]
    return render([Cell("▀", *pixels) for pixels in zip(pair[0], lower, strict=True)], colour=True)


def characters(fractions: np.ndarray, name: Palette) -> np.ndarray:
    """Map [...] in [0, 1] to characters; NaN is a question mark."""
    ramp = _SIGNED_RAMP if name == "signed" else _RAMP
    levels = np.rint(np.nan_to_num(fractions) * (len(ramp) - 1)).astype(int)
    return np.where(np.isnan(fractions), "?", ramp[levels])


def _side_by_side(blocks: Sequence[_Block], slot: int) -> list[str]:
    """Join pictures line by line, and their captions below them, each in `slot` columns."""
    tallest = max(len(block.lines) for block in blocks)
    lines = []
    for number in range(tallest):
        parts = [
            (block.lines[number] if number < len(block.lines) else " " * block.width) + " " * (slot - block.width)
            for block in blocks
        ]
        lines.append((" " * _GAP).join(parts))
    captions = [paragraph(block.caption, slot) for block in blocks]
    for written in itertools.zip_longest(*captions, fillvalue=""):
        lines.append((" " * _GAP).join(fit(text, slot) for text in written).rstrip())
    return lines


def _heading(row: Row, shown: int) -> str:
    """Return the label of a row in one line, with the number of pictures shown."""
    parts = row.label.splitlines()
    if shown < len(row.tiles):
        parts.append(f"{shown} of {len(row.tiles)} shown here")
    return ", ".join(parts)
