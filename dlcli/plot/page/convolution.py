"""A convolution step by step, for a file and as an animation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from dlcli.artifacts import Animation
from dlcli.plot import palette
from dlcli.plot.charts.convolution import ConvolutionChart
from dlcli.plot.page import style

_SIDE = 3.0  # inches of the input and the map
_SMALL = 2.1  # inches of the kernel and the product
_SECONDS = 9.0  # of an animation, before its last frame rests
_FRAMES = 120  # more windows are shown in larger steps
_FRAME: dict[str, Any] = {"fill": False, "edgecolor": "#D55E00", "linewidth": 2.2}


@style.applied()
def draw(chart: ConvolutionChart) -> Figure:
    """Draw the complete map, with the window of the largest sum."""
    scene = _Scene(chart)
    scene.show(chart.middle, chart.output.size)
    return scene.figure


@style.applied()
def animate(chart: ConvolutionChart) -> Animation:
    """Move the window over the image; the map fills with its sums."""
    scene = _Scene(chart)
    last = chart.output.size - 1
    windows = np.unique(np.linspace(0, last, min(last + 1, _FRAMES)).round().astype(int))

    def show(frame: int) -> None:
        scene.show(int(windows[frame]), int(windows[frame]) + 1)

    show(len(windows) - 1)
    return Animation(scene.figure, len(windows), show, _SECONDS / len(windows), scene.moving)


class _Scene:
    """The four panels, and what changes in them from window to window."""

    def __init__(self, chart: ConvolutionChart) -> None:
        self.chart = chart
        width = 2 * (_SIDE + _SMALL) + 0.6
        self.figure = style.new_figure(width, _SIDE + 0.75 + style.title_height(chart.title, width))
        style.write_title(self.figure, chart.title)
        ratios = [_SIDE, _SMALL, _SMALL, _SIDE]
        source, kernel, product, output = self.figure.subplots(1, 4, gridspec_kw={"width_ratios": ratios})
        size = len(chart.kernel)
        for axes, title in (
            (source, "input"),
            (kernel, "kernel"),
            (product, "window × kernel"),
            (output, "output: sums of the products"),
        ):
            axes.set_title(title, fontsize=style.NORMAL)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color="#999999", linewidth=0.5)
        ends = (float(chart.image.min()), float(chart.image.max()))
        source.imshow(palette.as_colors(chart.image, "gray", ends), interpolation="nearest")
        ends = palette.limits(np.append(chart.kernel.ravel(), chart.kernel.ravel() * chart.image.max()), "signed")
        colors = palette.as_colors(chart.kernel, "signed", ends)
        kernel.imshow(colors, interpolation="nearest")
        _write(kernel, chart.kernel, colors)
        self.ends, self.output_ends = ends, palette.limits(chart.output, "signed")
        self.window = source.add_patch(Rectangle((0, 0), size, size, **_FRAME))
        self.unit = output.add_patch(Rectangle((0, 0), 1, 1, **_FRAME))
        self.product = product.imshow(colors, interpolation="nearest")
        self.numbers = _write(product, chart.kernel, colors)
        self.output = output.imshow(palette.as_colors(chart.output, "signed"), interpolation="nearest")
        self.sum = product.text(0.5, -0.04, "", transform=product.transAxes, ha="center", va="top")
        low, high = self.output_ends
        output.text(
            0.5, -0.03, f"{low:.2g} (blue) to {high:.2g} (red); gray: not yet written",
            transform=output.transAxes, ha="center", va="top", fontsize=style.SMALL,
        )  # fmt: skip

    @property
    def moving(self) -> list[Any]:
        return [self.window, self.product, *self.numbers, self.output, self.unit, self.sum]

    def show(self, number: int, written: int) -> None:
        """Show a window, and the map after `written` windows."""
        row, column = self.chart.corner(number)
        self.window.set_xy((column - 0.5, row - 0.5))
        below, beside = divmod(number, self.chart.output.shape[1])
        self.unit.set_xy((beside - 0.5, below - 0.5))
        product = self.chart.product(number)
        colors = palette.as_colors(product, "signed", self.ends)
        self.product.set_data(colors)
        for text, value, color in zip(self.numbers, product.ravel(), colors.reshape(-1, 3), strict=True):
            text.set_text(_number(value))
            text.set_color(palette.text_color(color))
        _paint(self.output, self.chart.written(written), self.output_ends)
        self.sum.set_text(f"sum = {product.sum():.2f}")


def _paint(image: AxesImage, values: np.ndarray, ends: tuple[float, float]) -> None:
    image.set_data(palette.as_colors(values, "signed", ends))


def _write(axes: Axes, values: np.ndarray, colors: np.ndarray) -> list[Text]:
    """Write each value into its pixel."""
    size = min(style.NORMAL, 0.62 * _SMALL * 72 / len(values) / 3)
    return [
        axes.text(
            column, row, _number(values[row, column]), ha="center", va="center", fontsize=size,
            color=palette.text_color(colors[row, column]),
        )
        for row in range(len(values))
        for column in range(len(values))
    ]  # fmt: skip


def _number(value: float) -> str:
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.005 else "0"
