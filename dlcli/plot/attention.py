"""Who looks at whom: the weights of an attention over real tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette, style, terminal
from dlcli.plot.sheet import Place, Sheet
from dlcli.plot.terminal.text import paragraph
from dlcli.plot.tiles import Grid, Row, Tile

_MARGIN, _GAP, _LINE = 0.15, 0.12, 1.3 / 72  # inches; of a line for each point of its size
_LARGE, _SMALL = 6.0, 7.0  # inches of the large picture's longer side, and of a row of small ones
_CELLS = (0.1, 0.34)  # inches of a token's side in the large picture
_LONGEST = 0.9  # inches of a token's name
_BAR, _SCALE = (2.4, 0.12), 0.42  # inches of the colour bar, and of the height it takes with its numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """The attentions of a network's layers to one sequence.

    Attributes:
        shares: float [layer, head, time, memory]; each row sums to 1.
        asking: the tokens that ask, [time], as they are read.
        answering: the tokens that answer, [memory].
        title: of the picture.
        note: below it.
        expected: bool [time, memory], where the attention should lie if that is known.
    """

    shares: np.ndarray
    asking: Sequence[str]
    answering: Sequence[str]
    title: str
    note: str
    expected: np.ndarray | None = None

    @property
    def mean(self) -> np.ndarray:
        """The average over layers and heads, [time, memory]."""
        return self.shares.mean(axis=(0, 1))

    @property
    def greatest(self) -> float:
        """The greatest weight of any head, which is the darkest in every picture."""
        return max(float(self.shares.max()), 1e-9)

    def shades(self, values: np.ndarray) -> np.ndarray:
        """Map weights to [0, 1], the same in every picture."""
        # The square root keeps a weight of one in a hundred visible beside the 1 of a token that has no choice.
        return np.sqrt(values / self.greatest)


@style.applied()
def draw(weights: Weights) -> Figure:
    """Draw the average with its tokens, and below it each layer and head by itself."""
    time, memory = weights.mean.shape
    cell = float(np.clip(_LARGE / max(time, memory), *_CELLS))
    size = float(np.clip(cell * 50, 4.0, style.NORMAL))
    names = [[style.shorten(name, _LONGEST, size) for name in side] for side in (weights.asking, weights.answering)]
    left, below = (max(style.text_width(name, size) for name in side) + 0.12 for side in names)
    layers, heads = weights.shares.shape[:2]
    side = min(1.6, (_SMALL - 0.7) / heads - _GAP)
    width = 2 * _MARGIN + max(left + memory * cell, 0.7 + heads * (side + _GAP), 5.0)
    head = [(line, style.LARGE) for line in style.wrap(weights.title, width - 2 * _MARGIN, style.LARGE)]
    head += [(line, style.SMALL) for line in style.wrap(weights.note, width - 2 * _MARGIN, style.SMALL)]
    above = 2 * _MARGIN + sum(points * _LINE for _, points in head)
    small = side * min(1.0, max(0.3, time / memory))
    caption = style.SMALL * _LINE
    bar, above = above, above + _SCALE
    height = above + time * cell + below + 2 * _GAP + layers * (small + caption + _GAP) + _MARGIN
    sheet = Sheet(width, height)
    top = _MARGIN
    for text, points in head:
        sheet.text(text, _MARGIN, top, points)
        top += points * _LINE
    _scale(sheet, weights, Place(_MARGIN + left, bar, *_BAR))
    place = Place(_MARGIN + left, above, memory * cell, time * cell)
    _large(sheet, weights, place, names, size)
    top = above + place.height + below + 2 * _GAP
    for layer in range(layers):
        sheet.text(f"layer {layer + 1}", _MARGIN, top + small / 2, style.SMALL)
        for number in range(heads):
            where = Place(_MARGIN + 0.7 + number * (side + _GAP), top, side, small)
            sheet.picture(palette.paint(weights.shades(weights.shares[layer, number]), "blues"), where)
            middle = where.left + side / 2
            sheet.text(f"head {number + 1}", middle, top + small + 0.02, style.SMALL, "center")
        top += small + caption + _GAP
    return sheet.figure


def sketch(weights: Weights, width: int, colour: bool, most: int | None = None) -> list[str]:
    """Draw the average with its tokens, and each layer and head by itself, for a terminal."""
    mean = weights.mean
    shades = weights.shades(mean)
    tiles = [
        Row(
            [
                Tile(weights.shades(plane), f"head {number + 1}", "blues", (0.0, 1.0))
                for number, plane in enumerate(planes)
            ],
            f"layer {layer + 1}",
        )
        for layer, planes in enumerate(weights.shares)
    ]
    heading = "average over layers and heads; rows ask, columns answer; "
    heading += f"shades: the square root of the weight, from 0 to {weights.greatest:.2g} in all pictures"
    above = paragraph(heading, width)
    half = None if most is None else most // 2 - len(above)
    names = weights.asking, weights.answering
    above += [*terminal.matrix(mean, names, shades=shades, width=width, colour=colour, most=half), ""]
    grid = Grid(weights.title, tiles, weights.note)
    return terminal.below(
        above, most, lambda left: terminal.grid(grid, width=width, height=6, colour=colour, most=left)
    )


def _scale(sheet: Sheet, weights: Weights, place: Place) -> None:
    """Draw the colours of the weights in all pictures, with weights at even steps of shade."""
    sheet.picture(palette.paint(np.linspace(0, 1, 128), "blues")[None], place)
    bottom = place.top + place.height
    for step in np.linspace(0, 1, 5):
        across = place.left + step * place.width
        sheet.axes.vlines(across, bottom, bottom + 0.03, color="#555555", linewidth=0.6)
        sheet.text(f"{step**2 * weights.greatest:.2g}", across, bottom + 0.04, style.SMALL, "center")
    sheet.axes.text(
        place.left + place.width + 0.15, place.top + place.height / 2, "weight", fontsize=style.SMALL, va="center"
    )


def _large(sheet: Sheet, weights: Weights, place: Place, names: Sequence[Sequence[str]], size: float) -> None:
    """Draw the average within `place`, its tokens to the left and below, and frames where it should lie."""
    time, memory = weights.mean.shape
    cell = place.width / memory
    sheet.picture(palette.paint(weights.shades(weights.mean), "blues"), place)
    for row, name in enumerate(names[0]):
        middle = place.top + (row + 0.5) * cell
        sheet.axes.text(place.left - 0.05, middle, name, fontsize=size, ha="right", va="center")
    upright = max(style.text_width(name, size) for name in names[1]) > cell
    for column, name in enumerate(names[1]):
        middle, edge = place.left + (column + 0.5) * cell, place.top + time * cell + 0.05
        sheet.axes.text(middle, edge, name, fontsize=size, ha="center", va="top", rotation=90 if upright else 0)
    if weights.expected is not None:
        for row, column in np.argwhere(weights.expected):
            frame = Rectangle((place.left + column * cell, place.top + row * cell), cell, cell)
            frame.set(fill=False, edgecolor=palette.LINES[1], linewidth=0.7)
            sheet.axes.add_patch(frame)
