"""Position encodings as maps, with a panel of lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from dlcli.plot.charts.lines import Panel
from dlcli.plot.charts.tiles import Row, Tile, TileGrid


@dataclasses.dataclass(frozen=True, eq=False)
class PositionsChart:
    """Encodings and their similarity.

    Attributes:
        title: title of the picture.
        encodings: float [position, feature] by name.
        similarity: lines over the distance of two positions.
    """

    title: str
    encodings: Mapping[str, np.ndarray]
    similarity: Panel

    def tiles(self) -> TileGrid:
        """Return the encodings for a terminal: a row per position."""
        tiles = [
            Tile(each, f"{name}: position (down), feature (across)", "signed") for name, each in self.encodings.items()
        ]
        return TileGrid(self.title, [Row([tile]) for tile in tiles])
