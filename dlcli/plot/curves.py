"""Lines over training steps: losses, accuracies, learning rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from dlcli.plot import style
from dlcli.plot.series import Panel, Series, colors

_PANEL_HEIGHT, _AXES_WIDTH = 2.7, 5.6  # inches
_LEGEND_WIDTH = 2.6  # inches of text
_MARKS = ("", "s", "^", "D", "v", "o", "P", "X", "*")
_FEW = 3  # lines that colours tell apart alone


@style.applied()
def curves(panels: Sequence[Panel], *, title: str, xlabel: str = "step") -> Figure:
    """Draw panels below each other over one axis of steps, each with its legend to the right."""
    if not panels:
        raise ValueError("curves must have at least one panel")
    width = _AXES_WIDTH + _LEGEND_WIDTH + 0.8
    heights = [max(_PANEL_HEIGHT, _legend_height(panel)) for panel in panels]
    figure = style.new_figure(width, 0.4 + style.title_height(title, width) + sum(heights))
    style.write_title(figure, title)
    every_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(every_axes, panels, strict=True):
        draw_panel(axes, panel)
    every_axes[-1].set_xlabel(xlabel)
    figure.align_ylabels()
    return figure


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the lines of a panel into axes, with the legend to the right of them."""
    axes.set_ylabel(panel.ylabel)
    axes.grid(visible=True)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    drawn = [line for line in panel.series if _drawable(line, panel.log).any()]
    if not drawn:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", color="#555555")
        return
    if panel.log:
        axes.set_yscale("log", nonpositive="mask")
    for line, color in zip(panel.series, colors(panel.series), strict=True):
        if _drawable(line, panel.log).any():
            _draw_line(axes, line, color, marked=len(panel.series) > _FEW)
    if panel.log:
        label_logarithms(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def label_logarithms(axes: Axes) -> None:
    """Label a logarithmic vertical axis with plain numbers, whatever it reaches from and to."""
    low, high = np.log10(axes.get_ylim())
    # Within less than two powers of ten there may be none to label; then round numbers are labelled.
    powers = np.floor(high) - np.ceil(low) >= 1
    axes.yaxis.set_major_locator(LogLocator(numticks=8) if powers else MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _drawable(line: Series, log: bool) -> np.ndarray:
    """Return bool [point]: True where the value has a place on the axis."""
    return np.isfinite(line.values) & (line.values > 0 if log else True)


def _legend(line: Series) -> list[str]:
    return style.wrap(line.caption, _LEGEND_WIDTH, style.SMALL)


def _legend_height(panel: Panel) -> float:
    """Return the inches of a panel's legend: 1.3 lines of text for each line, 0.6 between entries."""
    lines = sum(1.3 * len(_legend(line)) + 0.6 for line in panel.series)
    return 0.3 + lines * style.SMALL / 72


def _draw_line(axes: Axes, line: Series, number: int, *, marked: bool) -> None:
    color = style.line_color(number)
    # Of many lines, marks tell one from the other as well; a single value is no line but a dot.
    mark = _MARKS[number % len(_MARKS)] if marked else ""
    single = np.isfinite(line.values).sum() == 1
    look = {"color": color, "linestyle": (0, (4, 2)) if line.dashed else "-", "marker": "o" if single else mark}
    if line.smoothing:
        axes.plot(line.steps, line.values, color=color, alpha=0.3, linewidth=0.7)
    axes.plot(
        line.steps, line.smooth, label="\n".join(_legend(line)), markevery=None if single else 0.1, markersize=4, **look
    )
    if line.best is not None:
        at = line.steps == line.best
        axes.plot(line.steps[at], line.values[at], "o", color=color, markeredgecolor="black", markersize=6, zorder=5)
