"""Draws named points in the plane, in groups: a projection of vectors."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli.plot import palette, style
from dlcli.plot.points import Cloud, corners

_SIDE, _LEGEND, _MARGIN = 7.4, 2.4, 0.15  # inches
_DOT, _LINE = 0.07, 0.13


@style.applied()
def cloud(points: Cloud, *, title: str) -> Figure:
    """Draw the points, their names where there is room, and the groups to the right."""
    width = _SIDE + _LEGEND
    above = style.title_height(title, width) + 0.1
    figure = style.new_figure(width, _SIDE + above, layout=None)
    style.write_title(figure, title)
    # In inches, so that labels have the room that was found for them.
    axes = figure.add_axes((0, 0, _SIDE / width, _SIDE / (_SIDE + above)), xlim=(0, _SIDE), ylim=(0, _SIDE))
    axes.set_axis_off()
    places = points.within(_SIDE, _SIDE, 0.5)
    sizes = np.array([[style.text_width(label, style.SMALL) + 0.03, _LINE] for label in points.labels])
    for group, name in enumerate(points.names):
        mine = points.groups == group
        legend = style.shorten(name, _LEGEND - 0.4, style.SMALL)
        axes.scatter(*places[mine].T, s=12, color=_color(group), marker=_mark(group), label=legend, linewidths=0)
    for place, size, corner, label, group in zip(
        places,
        sizes,
        corners(places, sizes, (_SIDE, _SIDE), _DOT, (0.05, 0.15, 0.3)),
        points.labels,
        points.groups,
        strict=True,
    ):
        if corner is not None:
            _write(axes, label, place, (corner, size), _color(int(group)))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 0.97), borderaxespad=0.0)
    return figure


def _write(axes: Axes, label: str, place: np.ndarray, box: tuple[np.ndarray, np.ndarray], color: str) -> None:
    corner, size = box
    nearest = np.clip(place, corner, corner + size)
    if np.linalg.norm(nearest - place) > 0.1:
        axes.plot(*np.stack([place, nearest]).T, color=color, linewidth=0.5, alpha=0.5)
    middle = corner + size / 2
    axes.text(*middle, label, fontsize=style.SMALL, color=color, ha="center", va="center_baseline")


def _color(group: int) -> str:
    return palette.LETTERS[group % len(palette.LETTERS)]


def _mark(group: int) -> str:
    return "osD^vP*X"[group // 8 % 8]  # colours begin again after eight
