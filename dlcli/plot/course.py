"""The course of a training: what a generator drew at some of its steps, beside curves over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure, SubFigure

from dlcli.plot import curves, palette, plane, style
from dlcli.plot.plane import Cloud
from dlcli.plot.series import Panel

_CURVES_WIDTH, _PANEL_HEIGHT = 6.4, 2.3  # inches
_SAMPLE = 0.42  # inches of an image
_CLOUD = 1.5  # inches of a pair of axes with points
_GAP = 1  # pixels between two images


@style.applied()
def images(times: Sequence[tuple[int, np.ndarray]], panels: Sequence[Panel], *, title: str) -> Figure:
    """Draw a row of images for each time, the same places for the same noise.

    Args:
        times: step, and images [sample, height, width, channel].
        panels: curves over the steps.
        title: of the page.
    """
    rows = np.concatenate([_row(drawn) for _, drawn in times])
    across = _SAMPLE * len(times[0][1]) + 0.8
    figure, left = _page(across, _SAMPLE * rows.shape[0] / rows.shape[1] * len(times[0][1]) + 0.5, panels, title)
    axes = left.subplots()
    axes.imshow(rows, interpolation="nearest")
    height = rows.shape[0] / len(times)
    axes.set_yticks([height * (place + 0.5) for place in range(len(times))], [f"{step:,}" for step, _ in times])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("step")
    axes.set_xlabel("a column is one draw of noise")
    return figure


@style.applied()
def points(times: Sequence[tuple[int, Cloud]], panels: Sequence[Panel], *, title: str) -> Figure:
    """Draw a cloud for each time, in rows of two.

    Args:
        times: step, and points.
        panels: curves over the steps.
        title: of the page.
    """
    rows = -(-len(times) // 2)
    figure, left = _page(2 * _CLOUD + 0.4, rows * (_CLOUD + 0.25), panels, title)
    every = left.subplots(rows, 2, squeeze=False).ravel()
    for axes in every[len(times) :]:
        axes.set_axis_off()
    for axes, (step, cloud) in zip(every, times, strict=False):
        plane.draw(axes, cloud, size=1.0)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"step {step:,}", fontsize=style.SMALL)
    return figure


def _page(width: float, height: float, panels: Sequence[Panel], title: str) -> tuple[Figure, SubFigure]:
    """Return a page with the curves drawn to the right, and its empty left side."""
    whole = width + _CURVES_WIDTH
    tall = max(height, _PANEL_HEIGHT * len(panels)) + style.title_height(title, whole)
    figure = style.new_figure(whole, tall)
    style.write_title(figure, title)
    left, right = figure.subfigures(1, 2, width_ratios=[width, _CURVES_WIDTH])
    every = right.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(every, panels, strict=True):
        curves.draw_panel(axes, panel)
    every[-1].set_xlabel("step")
    return figure, left


def _row(drawn: np.ndarray) -> np.ndarray:
    """Put images side by side on white: colours [height, width, 3]."""
    framed = [
        np.pad(palette.as_colors(image), [(_GAP, _GAP), (_GAP, _GAP), (0, 0)], constant_values=1.0) for image in drawn
    ]
    return np.concatenate(framed, axis=1)
