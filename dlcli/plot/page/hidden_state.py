"""The activations of recurrent units over the tokens of a text, for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot import palette
from dlcli.plot.charts.hidden_state import HiddenStateChart
from dlcli.plot.page import style
from dlcli.plot.page.tokens import GAP, LABELS, MARGIN, token_columns

_UNIT = 0.17  # inches of the height of a unit
_BAR = 0.12  # inches of the width of the colour bar
_BARS, _CELL = 0.6, 0.23  # inches of the height of the bars and of the text, for a single unit


@style.applied()
def draw(chart: HiddenStateChart) -> Figure:
    """Draw the activations as a heat map, a row per unit; a text that does not fit into one line is wrapped.

    A single unit is drawn as bars over the text, which is coloured by it.
    """
    if len(chart.units) == 1:
        return _draw_text(chart)
    column, per_line = token_columns(chart.tokens, len(chart.tokens))
    starts = range(0, len(chart.tokens), per_line)
    width = max(LABELS + column * min(per_line, len(chart.tokens)) + 2 * MARGIN + 0.9, 5.5)
    head, tall = style.title_height(chart.title, width), _UNIT * len(chart.units)
    height = head + 0.1 + (tall + 2 * GAP) * len(starts)
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, chart.title)
    top = head + 0.1
    for start in starts:
        tokens = chart.tokens[start : start + per_line]
        frame = (MARGIN + LABELS) / width, 1 - (top + tall) / height, column * len(tokens) / width, tall / height
        axes = figure.add_axes(frame)
        image = axes.imshow(
            chart.activations[:, start : start + per_line],
            cmap=style.colormap("signed"),
            vmin=-1,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
        )
        _label(axes, [style.shorten(token, column, style.SMALL) for token in tokens], chart.units)
        if start == 0:
            bar = figure.add_axes((1 - (MARGIN + 0.6) / width, frame[1], _BAR / width, tall / height))
            figure.colorbar(image, cax=bar, label="activation")
        top += tall + 2 * GAP
    return figure


def _draw_text(chart: HiddenStateChart) -> Figure:
    """Draw the activation of the unit as bars, and below them the tokens in its colours."""
    column, per_line = token_columns(chart.tokens, len(chart.tokens))
    starts = range(0, len(chart.tokens), per_line)
    width = max(LABELS + column * min(per_line, len(chart.tokens)) + 2 * MARGIN, 5.5)
    head, line = style.title_height(chart.title, width), _BARS + _CELL + GAP
    height = head + 0.15 + line * len(starts)
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, chart.title)
    top = head + 0.1
    for start in starts:
        values, tokens = chart.activations[0, start : start + per_line], chart.tokens[start : start + per_line]
        colors = palette.paint(palette.normalize(values, "signed", (-1.0, 1.0)), "signed")
        left, across = (MARGIN + LABELS) / width, column * len(tokens) / width
        bars = figure.add_axes((left, 1 - (top + _BARS) / height, across, _BARS / height))
        bars.bar(range(len(values)), values, width=0.8, color=colors, edgecolor="#555555", linewidth=0.4)
        bars.axhline(0, color="#555555", linewidth=0.6)
        bars.set(xlim=(-0.5, len(values) - 0.5), ylim=(-1.05, 1.05), xticks=[], yticks=[-1, 0, 1])
        bars.set_ylabel("activation")
        cells = figure.add_axes((left, 1 - (top + _BARS + _CELL) / height, across, _CELL / height))
        cells.imshow(colors[None], aspect="auto", interpolation="nearest")
        cells.set(xticks=[], yticks=[])
        for place, (token, color) in enumerate(zip(tokens, colors, strict=True)):
            shown = style.shorten(token, column, style.SMALL)
            look: dict[str, Any] = {"fontsize": style.SMALL, "color": palette.text_color(color)}
            cells.text(place, 0, shown, ha="center", va="center_baseline", **look)
        top += line
    return figure


def _label(axes: Axes, tokens: Sequence[str], units: Sequence[int]) -> None:
    axes.set_xticks(range(len(tokens)), tokens)
    axes.set_yticks(range(len(units)), [str(unit) for unit in units])
    axes.set_ylabel("unit")
    axes.tick_params(length=0)
