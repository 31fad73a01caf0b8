"""What a unit can see: the field that follows from the windows of its layers, and the one measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from dlcli.plot import palette, style

_FAINTEST = 1e-4  # share of the largest gradient at which the logarithmic picture turns black


@dataclasses.dataclass(frozen=True)
class Box:
    """Pixels of an image from its upper left corner; padding may put some outside of it."""

    top: int
    left: int
    height: int
    width: int


@dataclasses.dataclass(frozen=True)
class Stage:
    """What the units of a layer see.

    Attributes:
        layer: its name.
        size: side of the field in pixels, by the recurrence over windows.
        stride: pixels between the fields of neighbouring units.
        effective: side of the square that would hold the measured gradient, in pixels, where it was measured.
    """

    layer: str
    size: int
    stride: int
    effective: float | None = None


@style.applied()
def receptive_field(
    image: np.ndarray, gradient: np.ndarray, box: Box, growth: Sequence[Stage], *, title: str
) -> Figure:
    """Draw the field of one unit over the image and over the measured gradient, and its growth.

    Args:
        image: [height, width] with no, one or three channels.
        gradient: magnitude of the unit's gradient by each pixel, float [height, width].
        box: the analytic field of the unit.
        growth: the layers from the input to the unit's.
        title: of the figure; it should name the layer and the unit.

    Reference: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural
    Networks", 2016, arXiv:1701.04128.
    """
    width = max(9.0, 1.2 + 0.18 * len(growth))
    figure = style.new_figure(width, 6.0 + style.title_height(title, width))
    style.write_title(figure, title)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.15, 1])
    seen, linear, logarithmic = (figure.add_subplot(grid[0, column]) for column in range(3))
    share = np.abs(gradient) / (np.abs(gradient).max() or 1.0)
    decades = np.log10(np.maximum(share, _FAINTEST))
    ends = (float(np.log10(_FAINTEST)), 0.0)
    _draw_field(seen, palette.as_colors(image), box, f"image\n{_caption(box, image.shape)}")
    _draw_field(linear, palette.paint(share, "heat"), box, "|gradient|\nas a share of its maximum")
    _draw_field(
        logarithmic,
        palette.as_colors(decades, "heat", ends),
        box,
        f"its logarithm\nblack: at most {_FAINTEST:g}; gray: padding",
    )
    _draw_growth(figure.add_subplot(grid[1, :]), growth, max(image.shape[:2]))
    return figure


def _draw_field(axes: Axes, colors: np.ndarray, box: Box, title: str) -> None:
    height, width = colors.shape[:2]
    axes.set_title(title)
    axes.imshow(colors, interpolation="nearest")
    # The edges of pixel 3 are at 2.5 and 3.5. A pale line below the coloured one is seen on any image.
    corner, size = (box.left - 0.5, box.top - 0.5), (box.width, box.height)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=3.2))
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=style.line_color(0), linewidth=1.8))
    axes.set_xlim(_view(box.left, box.width, width))
    axes.set_ylim(_view(box.top, box.height, height)[::-1])
    axes.set_facecolor("#DDDDDD")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _caption(box: Box, shape: tuple[int, ...]) -> str:
    field = f"analytic field, {box.height} × {box.width} pixels"
    sides = ((box.top, box.height, shape[0]), (box.left, box.width, shape[1]))
    hidden = all(start <= -image / 2 and start + size >= 1.5 * image for start, size, image in sides)
    return f"{field}, beyond this view" if hidden else f"blue: {field}"


def _view(start: int, size: int, image: int) -> tuple[float, float]:
    """Return what is shown of an axis: the image and the field, but no more than half an image beyond."""
    first = max(min(0, start - 1), -image / 2)
    last = min(max(image, start + size + 1), 1.5 * image)
    return first - 0.5, last - 0.5


def _draw_growth(axes: Axes, growth: Sequence[Stage], side: int) -> None:
    sizes = np.array([stage.size for stage in growth], dtype=np.float64)
    measured = np.array([np.nan if stage.effective is None else stage.effective for stage in growth])
    places = np.arange(len(growth))
    for values, color, line, mark, label in (
        (sizes, style.line_color(0), "-", "o", "analytic"),
        (measured, style.line_color(1), "--", "s", "effective, measured"),
    ):
        if np.isfinite(values).any():
            axes.step(places, values, mark + line, where="mid", color=color, markersize=4, label=label)
    axes.axhline(side, color="#555555", linewidth=1.0, linestyle=":", label=f"side of the image, {side}")
    upright = len(growth) > 9
    gap = ", " if upright else "\n"
    names = [f"{style.shorten(stage.layer, 1.2, style.SMALL)}{gap}stride {stage.stride}" for stage in growth]
    axes.set_xticks(places, names, rotation=90 if upright else 0)
    axes.set(ylabel="side of the field, pixels", ylim=(0, None))
    axes.grid(visible=True, axis="y")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
