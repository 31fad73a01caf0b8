"""Position encodings, for a file: maps, and below them the similarity over the distance."""

from __future__ import annotations

from matplotlib.figure import Figure

from dlcli.plot import palette
from dlcli.plot.charts.positions import PositionsChart
from dlcli.plot.page import style
from dlcli.plot.page.lines import draw_panel

_WIDTH, _MAP, _LINES = 9.0, 3.4, 2.6  # inches


@style.applied()
def draw(chart: PositionsChart) -> Figure:
    """Draw the maps, each with its colour bar, and the lines."""
    heights = [_MAP] * len(chart.encodings) + [_LINES]
    figure = style.new_figure(_WIDTH, sum(heights) + 0.4 + style.title_height(chart.title, _WIDTH))
    style.write_title(figure, chart.title)
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[_MAP * len(chart.encodings), _LINES])[:, 0]
    maps = upper.subplots(len(chart.encodings), 1, squeeze=False)[:, 0]
    for axes, (name, values) in zip(maps, chart.encodings.items(), strict=True):
        low, high = palette.limits(values, "signed")
        image = axes.imshow(
            values, cmap=style.colormap("signed"), vmin=low, vmax=high, aspect="auto", interpolation="nearest"
        )
        axes.set(xlabel="feature", ylabel="position", title=name)
        upper.colorbar(image, ax=axes, label="value")
    lines = lower.subplots()
    draw_panel(lines, chart.similarity)
    lines.set_xlabel("distance of the positions (tokens)")
    return figure
