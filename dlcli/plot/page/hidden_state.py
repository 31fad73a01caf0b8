"""The activations of recurrent units over the tokens of a text, for a file."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot.charts.hidden_state import HiddenStateChart
from dlcli.plot.page import style
from dlcli.plot.page.tokens import GAP, LABELS, MARGIN, token_columns

_UNIT = 0.17  # inches of the height of a unit
_BAR = 0.12  # inches of the width of the colour bar


@style.applied()
def draw(chart: HiddenStateChart) -> Figure:
    """Draw the activations as a heat map, a row per unit; a text that does not fit into one line is wrapped."""
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


def _label(axes: Axes, tokens: Sequence[str], units: Sequence[int]) -> None:
    axes.set_xticks(range(len(tokens)), tokens)
    axes.set_yticks(range(len(units)), [str(unit) for unit in units])
    axes.set_ylabel("unit")
    axes.tick_params(length=0)
