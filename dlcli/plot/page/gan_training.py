"""The training of a GAN: samples at several steps next to the training curves, for a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure, SubFigure

from dlcli.plot import palette
from dlcli.plot.charts.gan_training import GanTrainingChart
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.page import style
from dlcli.plot.page.lines import draw_panel
from dlcli.plot.page.scatter import draw_points

_CURVES_WIDTH, _PANEL_HEIGHT = 6.4, 2.3  # inches
_IMAGE = 0.62  # inches of an image
_SCATTER = 1.5  # inches of a scatter plot
_GAP = 1  # pixels between two images


@style.applied()
def draw(chart: GanTrainingChart) -> Figure:
    """Draw the samples to the left, by step, and the curves to the right."""
    images = [(step, each) for step, each in chart.samples if not isinstance(each, ScatterChart)]
    if images:
        return _with_images(chart, images)
    return _with_points(chart, [(step, each) for step, each in chart.samples if isinstance(each, ScatterChart)])


def _with_images(chart: GanTrainingChart, samples: Sequence[tuple[int, np.ndarray]]) -> Figure:
    """Draw a row of images per step and a column per noise vector."""
    rows = np.concatenate([_joined(images) for _, images in samples])
    count = len(samples[0][1])
    figure, left = _page(chart, _IMAGE * count + 0.8, _IMAGE * rows.shape[0] / rows.shape[1] * count + 0.5)
    axes = left.subplots()
    axes.imshow(rows, interpolation="nearest")
    axes.set_anchor("N")
    height = rows.shape[0] / len(samples)
    axes.set_yticks([height * (row + 0.5) for row in range(len(samples))], [f"{step:,}" for step, _ in samples])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("step")
    axes.set_xlabel("one noise vector z per column")
    return figure


def _with_points(chart: GanTrainingChart, samples: Sequence[tuple[int, ScatterChart]]) -> Figure:
    """Draw a scatter plot per step, in rows of two."""
    rows = -(-len(samples) // 2)
    figure, left = _page(chart, 2 * _SCATTER + 0.4, rows * (_SCATTER + 0.25))
    cells = left.subplots(rows, 2, squeeze=False).ravel()
    for axes in cells[len(samples) :]:
        axes.set_axis_off()
    for axes, (step, points) in zip(cells, samples, strict=False):
        draw_points(axes, points, size=1.0)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"step {step:,}", fontsize=style.SMALL)
    return figure


def _page(chart: GanTrainingChart, width: float, height: float) -> tuple[Figure, SubFigure]:
    """Return a figure with the curves to the right, and its empty left side of this size in inches."""
    total = width + _CURVES_WIDTH
    height = max(height, _PANEL_HEIGHT * len(chart.panels))
    figure = style.new_figure(total, height + style.title_height(chart.title, total))
    style.write_title(figure, chart.title)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[width, _CURVES_WIDTH])[0]
    rows = right.subplots(len(chart.panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(rows, chart.panels, strict=True):
        draw_panel(axes, panel)
    rows[-1].set_xlabel("step")
    right.align_ylabels()
    return figure, left


def _joined(images: np.ndarray) -> np.ndarray:
    """Join images side by side on white: colours [height, width, 3]."""
    gap = [(_GAP, _GAP), (_GAP, _GAP), (0, 0)]
    return np.concatenate([np.pad(palette.as_colors(image), gap, constant_values=1.0) for image in images], axis=1)
