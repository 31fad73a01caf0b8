"""The tokens of a text with their probabilities, for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot import palette
from dlcli.plot.charts.tokens import TokensChart
from dlcli.plot.page import style

PAGE = 11.0  # inches
MARGIN, LABELS = 0.2, 0.75  # inches: margin, and width of the labels to the left
GAP = 0.22  # inches between two lines of text
_MIN_COLUMN, _MAX_COLUMN = 0.2, 1.1  # inches of a token
_CELL, _BARS = 0.23, 0.75  # inches of the height of a row of tokens, and of the bars
_BAR, _BAR_ROOM = (1.6, 0.11), 0.28  # inches: the colour bar, and the height that it takes


@style.applied()
def draw(chart: TokensChart) -> Figure:
    """Draw the surprisal of each token as a bar, and below it the token and the most likely ones, by probability.

    A text that does not fit into one line is wrapped.
    """
    texts = [*chart.tokens, *(token for tokens in chart.top_tokens for token in tokens)]
    column, per_line = token_columns(texts, len(chart.tokens))
    rows = 1 + chart.top_probabilities.shape[1]
    starts = range(0, len(chart.tokens), per_line)
    width = max(LABELS + column * min(per_line, len(chart.tokens)) + 2 * MARGIN, 5.5)
    head, line = style.title_height(chart.title, width), _BARS + rows * _CELL + GAP
    height = head + _BAR_ROOM + 0.1 + line * len(starts)
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, chart.title)
    _draw_scale(figure, 1 - (head + 0.04) / height)
    top = head + _BAR_ROOM + 0.05
    for start in starts:
        part = slice(start, start + per_line)
        left, across = (MARGIN + LABELS) / width, column * len(chart.tokens[part]) / width
        bars = figure.add_axes((left, 1 - (top + _BARS) / height, across, _BARS / height))
        _draw_surprisal(bars, chart.surprisal[part], float(chart.surprisal.max()))
        cells = figure.add_axes((left, 1 - (top + _BARS + rows * _CELL) / height, across, rows * _CELL / height))
        probabilities = np.concatenate([chart.probabilities[part, None], chart.top_probabilities[part]], axis=1).T
        labels = [list(chart.tokens[part]), *map(list, zip(*chart.top_tokens[part], strict=True))]
        _draw_cells(cells, labels, probabilities, column)
        top += line
    return figure


def token_columns(texts: Sequence[str], count: int) -> tuple[float, int]:
    """Return the width of a token's column in inches, and the number of tokens per line, for lines of similar length.

    Args:
        texts: all texts written into columns.
        count: number of tokens.
    """
    longest = max(style.text_width(text, style.SMALL) for text in texts)
    column = float(np.clip(1.12 * longest + 0.06, _MIN_COLUMN, _MAX_COLUMN))  # bold glyphs are wider
    lines = -(-count // int((PAGE - 2 * MARGIN - LABELS) / column))
    return column, -(-count // lines)


def _draw_scale(figure: Figure, top: float) -> None:
    """Draw the colour bar of the probabilities; `top` is its upper edge, as a fraction of the figure's height."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(((MARGIN + LABELS) / width, top - _BAR[1] / height, _BAR[0] / width, _BAR[1] / height))
    axes.imshow(np.linspace(0, 1, 128)[None], cmap=style.colormap("blues"), aspect="auto")
    axes.set(xticks=[], yticks=[])
    look: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": style.SMALL}
    axes.text(-0.03, 0.45, "0", ha="right", **look)
    axes.text(1.03, 0.45, "1  probability", ha="left", **look)


def _draw_surprisal(axes: Axes, bits: np.ndarray, largest: float) -> None:
    axes.bar(np.arange(len(bits)), bits, width=0.8, color=style.line_color(1))
    axes.set(xlim=(-0.5, len(bits) - 0.5), ylim=(0, max(largest, 1.0) * 1.05))
    axes.set_ylabel("surprisal\n(bits)")
    axes.set_xticks([])
    axes.grid(axis="y")


def _draw_cells(axes: Axes, texts: Sequence[Sequence[str]], probabilities: np.ndarray, column: float) -> None:
    axes.imshow(probabilities, cmap=style.colormap("blues"), vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    colors = palette.paint(probabilities, "blues")
    for row, line in enumerate(texts):
        for place, text in enumerate(line):
            look: dict[str, Any] = {
                "color": palette.text_color(colors[row, place]),
                "ha": "center",
                "va": "center_baseline",
            }
            shown = style.shorten(text, column - 0.04, style.SMALL)
            axes.text(place, row, shown, fontsize=style.SMALL, fontweight="bold" if row == 0 else None, **look)
    axes.axhline(0.5, color="black", linewidth=1.0)
    axes.set_yticks(range(len(texts)), ["token", *(f"top {rank}" for rank in range(1, len(texts)))])
    axes.set_xticks([])
    axes.tick_params(length=0)
