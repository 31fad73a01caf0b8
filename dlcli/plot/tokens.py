"""A text token by token: how probable each was, and what happens inside of a network while it reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot import palette, style
from dlcli.plot.reading import Read

_PAGE = 11.0  # inches
_MARGIN, _LABELS = 0.2, 0.75  # inches around, and of the column to the left
_LEAST, _MOST = 0.2, 1.1  # inches of a token's column
_CELL = 0.23  # inches of a row of tokens
_BARS, _GAP = 0.75, 0.22  # inches of the bars' height, and between two lines
_UNIT = 0.17  # inches of a unit's row


@style.applied()
def probabilities(read: Read, *, title: str) -> Figure:
    """Draw a bar of surprise over each token, its probability as its colour, and below it what was likelier.

    Args:
        read: the text; what does not fit into a line goes on below.
        title: of the figure.
    """
    written = [*read.tokens, *(other for others in read.others for other in others)]
    column, per_line = _columns(written, len(read.tokens))
    rows = 1 + read.shares.shape[1]
    lines = range(0, len(read.tokens), per_line)
    width = max(_LABELS + column * min(per_line, len(read.tokens)) + 2 * _MARGIN, 5.5)
    head, line = style.title_height(title, width), _BARS + rows * _CELL + _GAP
    note = (
        "colour: probability, white 0, dark blue 1; bars: surprise in bits; below: the likeliest tokens at each place"
    )
    notes = style.wrap(note, width - 2 * _MARGIN, style.SMALL)
    height = head + 0.15 * len(notes) + 0.15 + line * len(lines)
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, title)
    figure.text(_MARGIN / width, 1 - (head + 0.02) / height, "\n".join(notes), fontsize=style.SMALL, va="top")
    top = head + 0.15 * len(notes) + 0.1
    for start in lines:
        part = slice(start, start + per_line)
        count = len(read.tokens[part])
        left, across = (_MARGIN + _LABELS) / width, column * count / width
        bars = figure.add_axes((left, 1 - (top + _BARS) / height, across, _BARS / height))
        _surprise(bars, read.surprise[part], float(read.surprise.max()))
        cells = figure.add_axes((left, 1 - (top + _BARS + rows * _CELL) / height, across, rows * _CELL / height))
        shares = np.concatenate([read.probabilities[part, None], read.shares[part]], axis=1).T
        texts = [list(read.tokens[part]), *map(list, zip(*read.others[part], strict=True))]
        _cells(cells, texts, shares, column)
        top += line
    return figure


@style.applied()
def states(tokens: Sequence[str], values: np.ndarray, units: Sequence[int], *, title: str) -> Figure:
    """Draw the values of units over the tokens of a text as a heat map.

    Args:
        tokens: of the text, in a form to be read; what does not fit into a line goes on below.
        values: float [unit, token] between -1 and 1.
        units: the number of each.
        title: of the figure.
    """
    column, per_line = _columns(tokens, len(tokens))
    lines = range(0, len(tokens), per_line)
    width = max(_LABELS + column * min(per_line, len(tokens)) + 2 * _MARGIN + 0.9, 5.5)
    head, tall = style.title_height(title, width), _UNIT * len(units)
    height = head + 0.1 + (tall + 2 * _GAP) * len(lines)
    figure = style.new_figure(width, height, layout=None)
    style.write_title(figure, title)
    top = head + 0.1
    for start in lines:
        part = tokens[start : start + per_line]
        frame = (_MARGIN + _LABELS) / width, 1 - (top + tall) / height, column * len(part) / width, tall / height
        axes = figure.add_axes(frame)
        image = axes.imshow(
            values[:, start : start + per_line],
            cmap=style.colormap("signed"),
            vmin=-1,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
        )
        _named(axes, part, units)
        if start == 0:
            bar = figure.add_axes((1 - (_MARGIN + 0.6) / width, frame[1], 0.12 / width, tall / height))
            figure.colorbar(image, cax=bar, label="value of the unit")
        top += tall + 2 * _GAP
    return figure


def _columns(texts: Sequence[str], count: int) -> tuple[float, int]:
    """Return the inches of a token's column, and how many stand in a line; all lines are about equally long."""
    longest = max(style.text_width(text, style.SMALL) for text in texts)
    column = float(np.clip(1.12 * longest + 0.06, _LEAST, _MOST))  # bold letters are wider
    lines = -(-count // int((_PAGE - 2 * _MARGIN - _LABELS) / column))
    return column, -(-count // lines)


def _surprise(axes: Axes, bits: np.ndarray, most: float) -> None:
    axes.bar(np.arange(len(bits)), bits, width=0.8, color=style.line_color(1))
    axes.set(xlim=(-0.5, len(bits) - 0.5), ylim=(0, max(most, 1.0) * 1.05), ylabel="bits")
    axes.set_xticks([])
    axes.grid(axis="y")


def _cells(axes: Axes, texts: Sequence[Sequence[str]], shares: np.ndarray, column: float) -> None:
    axes.imshow(shares, cmap=style.colormap("blues"), vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    colors = palette.paint(shares, "blues")
    for row, line in enumerate(texts):
        for place, text in enumerate(line):
            look = {"color": palette.ink(colors[row, place]), "ha": "center", "va": "center_baseline"}
            shown = style.shorten(text, column - 0.04, style.SMALL)
            axes.text(place, row, shown, fontsize=style.SMALL, fontweight="bold" if row == 0 else None, **look)
    axes.axhline(0.5, color="black", linewidth=1.0)
    axes.set_yticks(range(len(texts)), ["token", *(f"likely {rank}" for rank in range(1, len(texts)))])
    axes.set_xticks([])
    axes.tick_params(length=0)


def _named(axes: Axes, tokens: Sequence[str], units: Sequence[int]) -> None:
    axes.set_xticks(range(len(tokens)), [style.shorten(each, _MOST, style.SMALL) for each in tokens])
    axes.set_yticks(range(len(units)), [str(unit) for unit in units])
    axes.set_ylabel("unit")
    axes.tick_params(length=0)
