"""Data that drown in noise and come up again: pages of states over the levels, and the way back as a moving picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.artifacts import Animation
from dlcli.plot import palette, plane, style
from dlcli.plot.plane import Cloud
from dlcli.plot.tiles import Tile

_SIDE = 1.15  # inches of a picture on a page
_LABEL, _MOVING = 1.5, 3.4  # inches of the labels to the left, of a half of a moving picture
_SIGNAL, _NOISE = 0, 1  # numbers of the lines' colours
_FILM = 8.0  # seconds of a moving picture, before it rests
_BINS = 12  # of the plane along either axis, in the terminal

Picture = np.ndarray | Cloud


@dataclasses.dataclass(frozen=True, eq=False)
class Strip:
    """States of one thing over the levels.

    Attributes:
        label: what stands to the left.
        pictures: one for each level: an image [height, width, channel] or points.
    """

    label: str
    pictures: Sequence[Picture]


@dataclasses.dataclass(frozen=True, eq=False)
class Shares:
    """Of what data consist at each level of a path.

    Attributes:
        signal, noise: float [level].
        shown: the levels that pictures show.
    """

    signal: np.ndarray
    noise: np.ndarray
    shown: Sequence[int]


@style.applied()
def page(strips: Sequence[Strip], captions: Sequence[str], *, title: str, shares: Shares | None = None) -> Figure:
    """Draw strips below each other, a column a level, and below them what the levels consist of."""
    columns, below = len(captions), 2.2 if shares else 0.0
    width = _LABEL + _SIDE * columns + 0.3
    height = style.title_height(title, width) + (_SIDE + 0.06) * len(strips) + 0.4 + below
    figure = style.new_figure(width, height)
    style.write_title(figure, title)
    parts = figure.subfigures(2, 1, height_ratios=[height - below, below]) if shares else [figure.subfigures(1, 1)]
    every = parts[0].subplots(len(strips), columns, squeeze=False)
    for row, strip in zip(every, strips, strict=True):
        for axes, picture in zip(row, strip.pictures, strict=True):
            _draw(axes, picture)
        label = "\n".join(style.wrap(strip.label, _LABEL - 0.2, style.NORMAL))
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    for axes, caption in zip(every[0], captions, strict=True):
        axes.set_title(caption, fontsize=style.SMALL)
    if shares:
        _draw_shares(parts[1].subplots(), shares)
    return figure


@style.applied()
def moving(halves: tuple[Strip, Strip], captions: Sequence[str], *, title: str) -> Animation:
    """Show two strips at once, level by level."""
    width = 2 * _MOVING + 0.4
    figure = style.new_figure(width, _MOVING + 0.75 + style.title_height(title, width))
    style.write_title(figure, title)
    every = figure.subplots(1, 2)
    written = figure.supxlabel(captions[0], fontsize=style.NORMAL)
    for axes, strip in zip(every, halves, strict=True):
        axes.set_title("\n".join(style.wrap(strip.label, _MOVING, style.NORMAL)))
        _draw(axes, strip.pictures[0])
    # The points are drawn last, above the rings around their modes, which stay.
    moved = [[*axes.images, *axes.collections][-1] for axes in every]

    def show(frame: int) -> None:
        for artist, strip in zip(moved, halves, strict=True):
            _change(artist, strip.pictures[frame])
        written.set_text(captions[frame])

    return Animation(figure, len(captions), show, _FILM / len(captions), [*moved, written])


def tile(picture: Picture, caption: str) -> Tile:
    """Return what stands for a picture in the terminal: of points, the brighter, the more of them."""
    if not isinstance(picture, Cloud):
        return Tile(picture, caption)
    counts, _, _ = np.histogram2d(*picture.points.T, bins=_BINS, range=[picture.bounds] * 2)
    # The fourth root shows a mode with all its points and a cloud of few points alike.
    return Tile(counts.T[::-1] ** 0.25, caption, "heat")


def _draw(axes: Axes, picture: Picture) -> None:
    if isinstance(picture, Cloud):
        plane.draw(axes, picture, size=1.0)
    else:
        axes.imshow(palette.as_colors(picture), interpolation="nearest")
    axes.spines[:].set(visible=True, color="#999999", linewidth=0.4)
    axes.set(xticks=[], yticks=[])


def _change(artist: Any, picture: Picture) -> None:
    if isinstance(picture, Cloud):
        artist.set_offsets(picture.points)
    else:
        artist.set_data(palette.as_colors(picture))


def _draw_shares(axes: Axes, shares: Shares) -> None:
    levels, shown = np.arange(len(shares.signal)), list(shares.shown)
    lines = (("signal", shares.signal, _SIGNAL, "-", "o"), ("noise", shares.noise, _NOISE, (0, (4, 2)), "s"))
    for name, values, color, dashes, mark in lines:
        axes.plot(levels, values, label=name, color=style.line_color(color), linestyle=dashes)
        axes.plot(shown, values[shown], mark, color=style.line_color(color), markersize=4)
    axes.set(xlabel="level t", ylabel="share of the variance", ylim=(-0.04, 1.04))
    axes.margins(x=0.02)
    axes.grid(visible=True)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
