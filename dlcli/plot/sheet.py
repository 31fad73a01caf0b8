"""A page measured in inches from its upper left corner, on which many small pictures are laid out.

A pair of axes for each of some hundred feature maps would take matplotlib minutes to lay out; a
page has one pair for all, and its places are known beforehand.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette, style


@dataclasses.dataclass(frozen=True)
class Place:
    """A rectangle on a page, in inches from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Sheet:
    """A page with its figure."""

    def __init__(self, width: float, height: float) -> None:
        self.figure: Figure = style.new_figure(width, height, layout=None)
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), autoscale_on=False)
        self.axes.set_axis_off()

    def picture(self, colors: np.ndarray, place: Place) -> None:
        """Draw colours [height, width, 3], each pixel with sharp edges, within a thin frame."""
        right, bottom = place.left + place.width, place.top + place.height
        extent = (place.left, right, bottom, place.top)
        self.axes.imshow(colors, extent=extent, interpolation="nearest", aspect="auto")
        frame = Rectangle((place.left, place.top), place.width, place.height)
        frame.set(fill=False, edgecolor="#999999", linewidth=0.4)
        self.axes.add_patch(frame)

    def text(self, text: str, left: float, top: float, size: float, align: str = "left") -> None:
        """Write one line, its upper edge at `top`; `left` is its left end or its middle."""
        self.axes.text(left, top, text, fontsize=size, ha=align, va="top")

    def lattice(self, place: Place, shape: tuple[int, int], window: tuple[int, int]) -> None:
        """Rule a picture of `shape` pixels between its windows, and finely between its pixels if they are large."""
        pixel = min(place.height / shape[0], place.width / shape[1])
        if pixel > 0.1:
            self._rule(place, shape, (1, 1), color="#888888", linewidth=0.4)
        if window != (1, 1):
            # Black on white is seen on dark and on bright pixels.
            self._rule(place, shape, window, color="white", linewidth=min(2.4, 12 * pixel))
            self._rule(place, shape, window, color="black", linewidth=min(1.2, 6 * pixel))

    def _rule(self, place: Place, shape: tuple[int, int], step: tuple[int, int], **look: Any) -> None:
        right, bottom = place.left + place.width, place.top + place.height
        levels = place.top + np.arange(step[0], shape[0], step[0]) / shape[0] * place.height
        columns = place.left + np.arange(step[1], shape[1], step[1]) / shape[1] * place.width
        self.axes.hlines(levels, place.left, right, **look)
        self.axes.vlines(columns, place.top, bottom, **look)

    def numbers(self, values: np.ndarray, colors: np.ndarray, place: Place) -> None:
        """Write [height, width] into the pixels of a picture."""
        rows, columns = values.shape
        written = [[f"{value:.2g}" for value in row] for row in values]
        longest = max((text for row in written for text in row), key=len)
        room = 0.85 * place.width / columns
        size = min(style.NORMAL, room / style.text_width(longest, 1.0))
        for row in range(rows):
            for column in range(columns):
                self.axes.text(
                    place.left + (column + 0.5) / columns * place.width,
                    place.top + (row + 0.5) / rows * place.height,
                    written[row][column],
                    fontsize=size,
                    ha="center",
                    va="center_baseline",
                    color=palette.ink(colors[row, column]),
                )

    def scale(self, name: palette.Palette, ends: tuple[float, float], place: Place) -> None:
        """Draw a bar of the palette's colours with the values at its ends beside it."""
        self.picture(palette.paint(np.linspace(0, 1, 128), name)[None], place)
        middle, look = place.top + place.height / 2, {"fontsize": style.SMALL, "va": "center"}
        self.axes.text(place.left - 0.04, middle, f"{ends[0]:.3g}", ha="right", **look)
        self.axes.text(place.left + place.width + 0.04, middle, f"{ends[1]:.3g}", **look)
