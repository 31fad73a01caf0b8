"""Points in the plane: samples of a density with known modes."""

from __future__ import annotations

import dataclasses

import numpy as np

from dlcli.plot.charts.tiles import Tile

_BINS = 40  # per axis of the histogram


@dataclasses.dataclass(frozen=True, eq=False)
class ScatterChart:
    """Samples of a two-dimensional density and its modes.

    Attributes:
        points: float [point, 2].
        modes: float [mode, 2], drawn as rings.
        limits: lowest and highest coordinate shown, of both axes.
        title: title of the picture; unused where the chart is part of another.
    """

    points: np.ndarray
    modes: np.ndarray
    limits: tuple[float, float]
    title: str = ""

    @classmethod
    def around(cls, points: np.ndarray, modes: np.ndarray, title: str = "") -> ScatterChart:
        """Choose the limits by the modes; points far away from all modes are outside."""
        reach = 1.35 * float(np.abs(modes).max()) or 1.0
        return cls(points, modes, (-reach, reach), title)

    def histogram(self, caption: str = "", *, bins: int = _BINS, power: float = 0.5) -> Tile:
        """Count the points in a grid of bins, for a picture too small for single points.

        Args:
            caption: text below the tile.
            bins: bins per axis.
            power: exponent of the counts; the smaller, the more visible sparse bins are next to dense ones.
        """
        x, y = self.points.T
        counts, _, _ = np.histogram2d(x, y, bins=bins, range=[self.limits] * 2)
        return Tile(counts.T[::-1] ** power, caption, "heat")
