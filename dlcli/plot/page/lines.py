"""Lines over training steps, for a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from dlcli.plot.charts.lines import Line, LinesChart, Panel, color_numbers
from dlcli.plot.page import style

_PANEL_HEIGHT, _AXES_WIDTH = 2.7, 5.6  # inches
_LEGEND_WIDTH = 2.6  # inches of text
_MARKERS = ("o", "s", "^", "D", "v", "<", "P", "X", "*")
_MARKER_DISTANCE = 0.12  # of the diagonal of the axes
_FEW = 3  # lines that need no markers
_FEW_PLACES = 10  # on a logarithmic axis, each of which gets a tick


@style.applied()
def draw(chart: LinesChart) -> Figure:
    """Draw panels below each other over one horizontal axis, each with its legend to the right."""
    width = _AXES_WIDTH + _LEGEND_WIDTH + 0.8
    heights = [max(_PANEL_HEIGHT, _legend_height(panel)) for panel in chart.panels]
    figure = style.new_figure(width, 0.4 + style.title_height(chart.title, width) + sum(heights))
    style.write_title(figure, chart.title)
    rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(rows, chart.panels, strict=True):
        draw_panel(axes, panel)
        if chart.log_x:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            measured = np.unique(np.concatenate([line.steps for each in chart.panels for line in each.lines]))
            if len(measured) <= _FEW_PLACES:
                axes.set_xticks(measured, minor=False)
                axes.set_xticks([], minor=True)
    rows[-1].set_xlabel(chart.xlabel)
    figure.align_ylabels()
    return figure


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the lines of a panel into axes, with the legend to the right."""
    axes.set_ylabel(panel.ylabel)
    axes.grid(visible=True)
    axes.margins(x=0.02)
    whole = all(np.array_equal(line.steps, np.rint(line.steps)) for line in panel.lines)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}" if whole else f"{step:g}"))
    if not any(_drawable(line, panel.log).any() for line in panel.lines):
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", color="#555555")
        return
    if panel.log:
        axes.set_yscale("log", nonpositive="mask")
    many = len(panel.lines) > _FEW
    for index, (line, color) in enumerate(zip(panel.lines, color_numbers(panel.lines), strict=True)):
        if _drawable(line, panel.log).any():
            # Markers at different places, so that lines that coincide stay visible.
            _draw_line(axes, line, color, first_marker=index / len(panel.lines) if many else None)
    if panel.log:
        label_log_axis(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def label_log_axis(axes: Axes) -> None:
    """Label a logarithmic vertical axis with plain numbers, whatever its limits."""
    low, high = np.log10(axes.get_ylim())
    # An axis of less than two decades may contain no power of ten; then round numbers are labelled.
    powers = np.floor(high) - np.ceil(low) >= 1
    axes.yaxis.set_major_locator(LogLocator(numticks=8) if powers else MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _drawable(line: Line, log: bool) -> np.ndarray:
    """Return bool [point]: True where the axis can show the value."""
    return np.isfinite(line.values) & (line.values > 0 if log else True)


def _legend(line: Line) -> list[str]:
    return style.wrap(line.caption, _LEGEND_WIDTH, style.SMALL)


def _legend_height(panel: Panel) -> float:
    """Return the height of a panel's legend in inches: 1.3 per line of text and 0.6 between entries, times the size."""
    lines = sum(1.3 * len(_legend(line)) + 0.6 for line in panel.lines)
    return 0.3 + lines * style.SMALL / 72


def _draw_line(axes: Axes, line: Line, number: int, *, first_marker: float | None) -> None:
    """Draw a line in colour `number`.

    Args:
        axes: of the panel.
        line: the line.
        number: of its colour, marker and pattern.
        first_marker: its place in [0, 1] of the distance between two markers; None for a line without markers.
    """
    color = style.line_color(number)
    marker = "" if first_marker is None else _MARKERS[number % len(_MARKERS)]
    # A single value would be an invisible line.
    single = np.isfinite(line.values).sum() == 1
    look: dict[str, Any] = {
        "color": color,
        "linestyle": (0, (4, 2)) if line.dashed else style.line_pattern(number),
        "marker": "o" if single else marker,
    }
    if line.band is not None:
        low, high = line.band
        if axes.get_yscale() == "log":  # which has no place for an interval that contains zero: it ends below the line
            low = np.where(low > 0, low, line.values[line.values > 0].min() / 2)
        axes.fill_between(line.steps, low, high, color=color, alpha=0.18, linewidth=0)
    if line.smoothing:
        axes.plot(line.steps, line.values, color=color, alpha=0.3, linewidth=0.7)
    axes.plot(
        line.steps,
        line.smoothed,
        label="\n".join(_legend(line)),
        markevery=None if single or first_marker is None else (_MARKER_DISTANCE * first_marker, _MARKER_DISTANCE),
        markersize=5,
        **look,
    )
    if line.best is not None:
        at = line.steps == line.best
        axes.plot(line.steps[at], line.values[at], "o", color=color, markeredgecolor="black", markersize=6, zorder=5)
