"""Attention weights as shaded matrices, in characters."""

from __future__ import annotations

from dlcli.plot.charts.attention import AttentionChart
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
from dlcli.plot.terminal import tiles
from dlcli.plot.terminal.fitting import below
from dlcli.plot.terminal.matrix import matrix
from dlcli.plot.terminal.text import paragraph


def draw(chart: AttentionChart, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the mean with the labels of the tokens, and below it each layer and head, if there are several."""
    scale = f"shades: square root of the attention weight, 0 to {chart.largest:.2g}"
    heading = [*paragraph(chart.title, width), *paragraph(f"{chart.note}; {scale}", width)]
    half = None if max_lines is None else max_lines - len(heading) if chart.single else max_lines // 2 - len(heading)
    labels = (chart.queries, chart.keys)
    shades = chart.shades(chart.mean)
    heading += matrix(chart.mean, labels, shades=shades, width=width, colour=colour, max_lines=half)
    if chart.single:
        return heading
    rows = [
        Row(
            [
                Tile(chart.shades(head), name, "blues", (0.0, 1.0))
                for name, head in zip(chart.column_names(), layer, strict=True)
            ],
            chart.row_names()[index],
        )
        for index, layer in enumerate(chart.weights)
    ]
    grid = TileGrid("each layer and head", rows)
    return below([*heading, ""], max_lines, lambda left: tiles.draw(grid, width, colour, left, height=6))
