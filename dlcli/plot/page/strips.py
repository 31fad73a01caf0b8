"""States over timesteps: as a page of strips, and as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from dlcli.artifacts import Animation
from dlcli.plot import palette
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.strips import Picture, Strip, StripsChart
from dlcli.plot.page import style
from dlcli.plot.page.scatter import draw_points

_SIDE = 1.15  # inches of a picture
_LABEL = 1.5  # inches of the labels to the left
_HALF = 3.4  # inches of each of the two pictures of an animation
_SECONDS = 8.0  # of an animation, before its last frame rests


@style.applied()
def draw(chart: StripsChart) -> Figure:
    """Draw strips below each other, with a column per timestep."""
    width, height = size(chart)
    figure = style.new_figure(width, height + style.title_height(chart.title, width))
    style.write_title(figure, chart.title)
    draw_strips(figure, chart)
    return figure


def size(chart: StripsChart) -> tuple[float, float]:
    """Return the width and height in inches that the strips need, without the title."""
    return _LABEL + _SIDE * len(chart.captions) + 0.3, (_SIDE + 0.06) * len(chart.strips) + 0.4


def draw_strips(figure: Figure | SubFigure, chart: StripsChart) -> None:
    """Draw the strips into a figure."""
    rows = figure.subplots(len(chart.strips), len(chart.captions), squeeze=False)
    for row, strip in zip(rows, chart.strips, strict=True):
        for axes, picture in zip(row, strip.pictures, strict=True):
            _draw(axes, picture)
        label = "\n".join(style.wrap(strip.label, _LABEL - 0.2, style.NORMAL))
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    for axes, caption in zip(rows[0], chart.captions, strict=True):
        axes.set_title(caption, fontsize=style.SMALL)


@style.applied()
def animate(pair: tuple[Strip, Strip], captions: Sequence[str], *, title: str) -> Animation:
    """Show two strips side by side, one timestep per frame."""
    width = 2 * _HALF + 0.4
    figure = style.new_figure(width, _HALF + 0.75 + style.title_height(title, width))
    style.write_title(figure, title)
    halves = figure.subplots(1, 2)
    caption = figure.supxlabel(captions[0], fontsize=style.NORMAL)
    for axes, strip in zip(halves, pair, strict=True):
        axes.set_title("\n".join(style.wrap(strip.label, _HALF, style.NORMAL)))
        _draw(axes, strip.pictures[0])
    # The points are the last collection, above the rings around the modes, which do not move.
    moving = [[*axes.images, *axes.collections][-1] for axes in halves]

    def show(frame: int) -> None:
        for artist, strip in zip(moving, pair, strict=True):
            _update(artist, strip.pictures[frame])
        caption.set_text(captions[frame])

    return Animation(figure, len(captions), show, _SECONDS / len(captions), [*moving, caption])


def _draw(axes: Axes, picture: Picture) -> None:
    if isinstance(picture, ScatterChart):
        draw_points(axes, picture, size=1.0)
    else:
        axes.imshow(palette.as_colors(picture), interpolation="nearest")
    axes.spines[:].set(visible=True, color="#999999", linewidth=0.4)
    axes.set(xticks=[], yticks=[])


def _update(artist: Any, picture: Picture) -> None:
    if isinstance(picture, ScatterChart):
        artist.set_offsets(picture.points)
    else:
        artist.set_data(palette.as_colors(picture))
