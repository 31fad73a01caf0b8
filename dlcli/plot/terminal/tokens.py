"""The tokens of a text with their probabilities, in characters."""

from __future__ import annotations

import numpy as np

from dlcli import formats
from dlcli.plot.charts.tiles import ColorScale
from dlcli.plot.charts.tokens import TokensChart
from dlcli.plot.palette import paint, text_color
from dlcli.plot.terminal.bars import bars
from dlcli.plot.terminal.fitting import truncate
from dlcli.plot.terminal.text import Cell, columns, fit, paragraph, printable, render
from dlcli.plot.terminal.tiles import color_bar

_BAR = 34  # columns of a token and its bar
_SCALE = ColorScale("blues", (0.0, 1.0), "probability")


def draw(chart: TokensChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the text with its tokens coloured by probability, and a line per token with the most likely tokens.

    Within `max_lines` at most a third is the text, and the last tokens are left out.
    """
    lines = paragraph(chart.title, width)
    if colour:
        text = [color_bar(_SCALE, width, colour), *_coloured(chart, width)]
        lines += [*truncate(text, None if max_lines is None else max_lines // 3, "lines of text"), ""]
    lines += paragraph("surprisal (bits), probability, most likely tokens at this position", width)
    bar_width = min(_BAR, width // 2)
    drawn = bars(chart.tokens, chart.surprisal, width=bar_width, colour=colour)
    tokens = []
    for bar, probability, names, theirs in zip(
        drawn, chart.probabilities, chart.top_tokens, chart.top_probabilities, strict=True
    ):
        top = "  ".join(f"{name} {formats.percent(each, 0)}" for name, each in zip(names, theirs, strict=True))
        tokens.append(bar + fit(f"  {formats.percent(probability, 1):>8}   {top}", width - bar_width).rstrip())
    return lines + truncate(tokens, None if max_lines is None else max_lines - len(lines), "tokens")


def _coloured(chart: TokensChart, width: int) -> list[str]:
    """Draw the text with the probability of each token as its background."""
    lines: list[list[Cell]] = [[]]
    left = width
    for token, background in zip(map(printable, chart.tokens), paint(chart.probabilities, "blues"), strict=True):
        shown = fit(token, min(columns(token), width))
        if columns(shown) > left:
            lines.append([])
            left = width
        lines[-1].append(Cell(shown, text_color(np.asarray(background)), background))
        left -= columns(shown)
    return [render(line, colour=True) for line in lines]
