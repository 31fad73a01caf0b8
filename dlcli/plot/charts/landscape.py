"""A loss over a plane through the weights of a network, with the path of training."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.surface import value_scale
from dlcli.plot.charts.tiles import Row, Tile, TileGrid


@dataclasses.dataclass(frozen=True, eq=False)
class LandscapeChart:
    """Losses over a plane, one map per split.

    Attributes:
        title: title of the picture.
        note: how the plane was chosen, and what the path is.
        axes: labels of both coordinates.
        x: float [column], ascending.
        y: float [row], ascending.
        losses: float [row, column] by the name of the split; infinite where not finite.
        path: step, x and y of each checkpoint, in the order of the steps.
    """

    title: str
    note: str
    axes: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    losses: dict[str, np.ndarray]
    path: Sequence[tuple[int, float, float]]

    def tiles(self) -> TileGrid:
        """Return the maps for a terminal: the brighter, the higher, on a scale that shows the low values."""
        rows = []
        for name, values in self.losses.items():
            finite = np.where(np.isfinite(values), values, np.nan)
            scale = value_scale(finite)
            caption = f"{name} loss, {scale.low:.3g} (dark) to {scale.high:.3g} (bright)"
            rows.append(Tile(scale.shades(finite)[::-1], caption, "heat", (0.0, 1.0)))
        return TileGrid(self.title, [Row([tile]) for tile in rows], self.note)
