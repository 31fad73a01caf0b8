"""Points in the plane: a scatter for a file, shades of their number for the terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlcli import artifacts
from dlcli.plot import style, terminal
from dlcli.plot.tiles import Tile

_SIDE = 4.2  # inches of a pair of axes
_BINS = 40  # of the plane along either axis, in the terminal


@dataclasses.dataclass(frozen=True, eq=False)
class Cloud:
    """Points, and the centres they should lie at.

    Attributes:
        points: float [point, 2].
        modes: float [mode, 2], ringed in the drawing.
        bounds: the least and the greatest coordinate that is shown, of both axes.
    """

    points: np.ndarray
    modes: np.ndarray
    bounds: tuple[float, float]

    @classmethod
    def around(cls, points: np.ndarray, modes: np.ndarray) -> Cloud:
        """Show the plane a little beyond the modes; what lies further out is not shown."""
        reach = 1.35 * float(np.abs(modes).max()) or 1.0
        return cls(points, modes, (-reach, reach))


def artifact(points: np.ndarray, modes: np.ndarray, *, title: str, numbers: Mapping[str, Any]) -> artifacts.Figure:
    """Return samples of a density, [point, 2], as a picture with the points among its numbers."""
    cloud = Cloud.around(points, modes)
    shades = tile(cloud)
    return artifacts.Figure(
        "sample",
        scatter(cloud, title=title),
        {**numbers, "count": len(points), "points": points.tolist()},
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: terminal.image(shades.pixels, width=width, palette="heat", colour=colour),
        ),
    )


@style.applied()
def scatter(cloud: Cloud, *, title: str) -> Figure:
    """Draw the points of a cloud on a page of their own."""
    figure = style.new_figure(_SIDE + 0.6, _SIDE + 0.4 + style.title_height(title, _SIDE + 0.6))
    style.write_title(figure, title)
    draw(figure.subplots(), cloud)
    return figure


def draw(axes: Axes, cloud: Cloud, *, size: float = 3.0) -> None:
    """Draw the points of a cloud into axes; rings stand around the modes."""
    axes.set(xlim=cloud.bounds, ylim=cloud.bounds, aspect="equal")
    axes.scatter(*cloud.modes.T, s=20 * size, facecolors="none", edgecolors=style.line_color(1), linewidths=0.8)
    axes.scatter(*cloud.points.T, s=size, color=style.line_color(0), alpha=0.5, linewidths=0)


def tile(cloud: Cloud, caption: str = "") -> Tile:
    """Count the points in the squares of a lattice; the darker, the fewer."""
    counts, _, _ = np.histogram2d(*cloud.points.T, bins=_BINS, range=[cloud.bounds] * 2)
    return Tile(np.sqrt(counts.T[::-1]), caption, "heat")
