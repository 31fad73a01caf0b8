"""A hyperparameter search, for a file."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from dlcli.plot.charts.search import SearchChart, Slice
from dlcli.plot.page import style
from dlcli.plot.page.lines import label_log_axis

_WIDTH, _TOP, _SLICE = 9.0, 2.6, 2.3  # inches
_COLUMNS = 4  # slices side by side
_LABEL = 1.4  # inches of the name of a value
_WIDE_RATIO = 20.0  # of two values from which on an axis is logarithmic
_SPREAD = 0.12  # of points of one value beside each other
_BARS = 5  # that the height of a bar allows for, if there are fewer
_MARGIN = 0.04  # of the range beside it
_BEST = "#C0392B"


@style.applied()
def draw(chart: SearchChart) -> Figure:
    """Draw the history and the importances above a slice per parameter."""
    columns = min(_COLUMNS, max(1, len(chart.slices)))
    rows = -(-len(chart.slices) // columns)
    height = 0.3 + style.title_height(chart.title, _WIDTH) + _TOP + _SLICE * rows
    figure = style.new_figure(_WIDTH, height)
    style.write_title(figure, chart.title)
    above, below = np.ravel(figure.subfigures(2, 1, squeeze=False, height_ratios=[_TOP, _SLICE * rows]))
    history, shares = above.subplots(1, 2, width_ratios=[2, 1]) if chart.importance else (above.subplots(), None)
    _draw_history(history, chart)
    if shares is not None:
        _draw_importance(shares, chart)
    cells = below.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for number, (axes, part) in enumerate(zip(cells, chart.slices, strict=False)):
        _draw_slice(axes, chart, part)
        if number % columns == 0:
            axes.set_ylabel(chart.metric)
    for axes in cells[len(chart.slices) :]:
        axes.set_visible(False)
    return figure


def _draw_history(axes: Axes, chart: SearchChart) -> None:
    axes.set(xlabel="trial", ylabel=chart.metric)
    axes.grid(visible=True, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _draw_points(axes, chart, chart.numbers)
    order = np.argsort(chart.numbers)
    axes.step(chart.numbers[order], chart.best_so_far[order], where="post", color=_BEST, label="best so far")
    _scale(axes, chart)
    axes.legend(loc="best", frameon=True, framealpha=0.8, edgecolor="none")


def _draw_points(axes: Axes, chart: SearchChart, positions: np.ndarray) -> None:
    complete = ~chart.pruned
    color = style.line_color(0)
    axes.scatter(positions[complete], chart.values[complete], s=16, color=color, label="complete")
    if chart.pruned.any():
        axes.scatter(
            positions[chart.pruned], chart.values[chart.pruned], s=16, marker="x", color="#8A8A8A", label="pruned"
        )
    if chart.best is not None:
        at = chart.best
        axes.scatter(positions[at], chart.values[at], s=60, facecolors="none", edgecolors=_BEST, linewidths=1.4)


def _draw_importance(axes: Axes, chart: SearchChart) -> None:
    names = list(chart.importance)
    shares = [100 * chart.importance[name] for name in names]
    axes.barh(np.arange(len(names)), shares, color=style.line_color(0), height=0.6)
    axes.set_yticks(np.arange(len(names)), [style.shorten(name, _LABEL, style.SMALL) for name in names])
    axes.set(xlabel="share of the variance explained, %", xlim=(0, 100), ylim=(max(len(names), _BARS) - 0.4, -0.6))
    axes.set_title("importance (fANOVA)", fontsize=style.NORMAL)


def _draw_slice(axes: Axes, chart: SearchChart, part: Slice) -> None:
    axes.grid(visible=True, axis="y")
    positions = part.positions
    if part.labels:
        places = np.arange(len(part.labels))
        axes.set_xticks(places, [style.shorten(each, _LABEL, style.SMALL) for each in part.labels])
        axes.set_xlim(-0.5, len(places) - 0.5)
        if sum(map(len, part.labels)) > 18:
            axes.tick_params(axis="x", rotation=35)
        positions = positions + _SPREAD * (np.arange(len(positions)) % 3 - 1)
    _draw_points(axes, chart, positions)
    axes.set_xlabel(part.name)
    _scale(axes, chart)
    if part.log:
        axes.set_xscale("log")
    if part.limits is not None:
        axes.set_xlim(*_padded(*part.limits, log=part.log))
    if part.log:
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())


def _padded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return limits of an axis with a margin on both sides of a range."""
    if log:
        margin = (high / low) ** _MARGIN
        return low / margin, high * margin
    return low - _MARGIN * (high - low), high + _MARGIN * (high - low)


def _scale(axes: Axes, chart: SearchChart) -> None:
    """Use a logarithmic axis for values of several magnitudes, so that bad trials do not hide the good ones."""
    if chart.values.min() > 0 and chart.values.max() / chart.values.min() > _WIDE_RATIO:
        axes.set_yscale("log")
        label_log_axis(axes)
