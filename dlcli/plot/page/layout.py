"""A page with absolute positions, in inches from its upper left corner, for layouts of many small pictures.

matplotlib would need minutes to arrange one pair of axes per feature map for several hundred of them. A page has one
pair of axes for all, and computes the positions itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcli.plot import palette
from dlcli.plot.charts.tiles import ColorScale
from dlcli.plot.page import style

LINE_HEIGHT = 1.3 / 72  # inches per point of the font size
_BAR_RESOLUTION = 128


@dataclasses.dataclass(frozen=True)
class Place:
    """A rectangle on a page, in inches from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Page:
    """A figure with one pair of axes that covers it, in inches."""

    def __init__(self, width: float, height: float) -> None:
        self.figure: Figure = style.new_figure(width, height, layout=None)
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), autoscale_on=False)
        self.axes.set_axis_off()

    def picture(self, colors: np.ndarray, place: Place) -> None:
        """Draw colours [height, width, 3] without interpolation, within a thin frame."""
        right, bottom = place.left + place.width, place.top + place.height
        extent = (place.left, right, bottom, place.top)
        self.axes.imshow(colors, extent=extent, interpolation="nearest", aspect="auto")
        frame = Rectangle((place.left, place.top), place.width, place.height)
        frame.set(fill=False, edgecolor="#999999", linewidth=0.4)
        self.axes.add_patch(frame)

    def text(self, text: str, left: float, top: float, size: float, align: str = "left") -> None:
        """Write one line with its upper edge at `top`; `left` is its left end, or its middle if centred."""
        self.axes.text(left, top, text, fontsize=size, ha=align, va="top")

    def tick_labels(self, labels: tuple[Sequence[str], Sequence[str]], place: Place) -> None:
        """Write a label per row to the left of a picture, and a vertical one per column below it."""
        rows, columns = labels
        for number, text in enumerate(rows):
            middle = place.top + (number + 0.5) / len(rows) * place.height
            self.axes.text(place.left - 0.04, middle, text, ha="right", va="center", fontsize=style.SMALL)
        bottom = place.top + place.height + 0.04
        for number, text in enumerate(columns):
            middle = place.left + (number + 0.5) / len(columns) * place.width
            self.axes.text(middle, bottom, text, ha="center", va="top", rotation=90, fontsize=style.SMALL)

    def axis_labels(self, labels: tuple[str, str], place: Place, room: tuple[float, float] = (0.0, 0.0)) -> None:
        """Write the labels of the vertical and the horizontal axis of a picture to its left and below it.

        Args:
            labels: of the vertical and the horizontal axis.
            place: of the picture.
            room: inches that other labels take to the left of the picture and below it.
        """
        middle, center = place.top + place.height / 2, place.left + place.width / 2
        look: dict[str, Any] = {"fontsize": style.SMALL, "color": "#555555"}
        self.axes.text(place.left - room[0] - 0.03, middle, labels[0], ha="right", va="center", rotation=90, **look)
        self.axes.text(center, place.top + place.height + room[1] + 0.03, labels[1], ha="center", va="top", **look)

    def lines(self, lines: Sequence[tuple[str, float]], left: float, top: float, align: str = "left") -> float:
        """Write lines, each with its font size, below each other; return the position below them."""
        for text, size in lines:
            self.text(text, left, top, size, align)
            top += size * LINE_HEIGHT
        return top

    def window_lines(self, place: Place, shape: tuple[int, int], window: tuple[int, int]) -> None:
        """Draw lines between the windows of a picture of `shape` pixels, and thin ones between large pixels."""
        pixel = min(place.height / shape[0], place.width / shape[1])
        if pixel > 0.1:
            self._rule(place, shape, (1, 1), color="#888888", linewidth=0.4)
        if window != (1, 1):
            # Black on white is visible on dark and on bright pixels.
            self._rule(place, shape, window, color="white", linewidth=min(2.4, 12 * pixel))
            self._rule(place, shape, window, color="black", linewidth=min(1.2, 6 * pixel))

    def _rule(self, place: Place, shape: tuple[int, int], step: tuple[int, int], **style: Any) -> None:
        right, bottom = place.left + place.width, place.top + place.height
        rows = place.top + np.arange(step[0], shape[0], step[0]) / shape[0] * place.height
        columns = place.left + np.arange(step[1], shape[1], step[1]) / shape[1] * place.width
        self.axes.hlines(rows, place.left, right, **style)
        self.axes.vlines(columns, place.top, bottom, **style)

    def annotate(self, values: np.ndarray, colors: np.ndarray, place: Place) -> None:
        """Write the values [height, width] into the pixels of a picture with these colours."""
        rows, columns = values.shape
        texts = [[f"{value:.2g}" for value in row] for row in values]
        longest = max((text for row in texts for text in row), key=len)
        size = min(style.NORMAL, 0.85 * place.width / columns / style.text_width(longest, 1.0))
        for row in range(rows):
            for column in range(columns):
                self.axes.text(
                    place.left + (column + 0.5) / columns * place.width,
                    place.top + (row + 0.5) / rows * place.height,
                    texts[row][column],
                    fontsize=size,
                    ha="center",
                    va="center_baseline",
                    color=palette.text_color(colors[row, column]),
                )

    def color_bar(self, scale: ColorScale, place: Place) -> None:
        """Draw a colour bar with the values at its ends on both sides, and its label to the right."""
        self.picture(palette.paint(np.linspace(0, 1, _BAR_RESOLUTION), scale.palette)[None], place)
        low, high = (f"{value:.3g}" for value in scale.limits)
        look: dict[str, Any] = {"fontsize": style.SMALL, "va": "center"}
        middle = place.top + place.height / 2
        self.axes.text(place.left - 0.04, middle, low, ha="right", **look)
        right = f"{high}  {scale.label}" if scale.label else high
        self.axes.text(place.left + place.width + 0.04, middle, right, **look)
