"""Functions over the plane, side by side: values as colours, vectors as arrows, points."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid


@dataclasses.dataclass(frozen=True, eq=False)
class Field:
    """One panel.

    Attributes:
        caption: text above it.
        values: float [row, column], drawn in colours; None: white.
        arrows: float [row, column, 2], vectors on a coarser grid; None: none.
        points: float [point, 2]; None: none.
    """

    caption: str
    values: np.ndarray | None = None
    arrows: np.ndarray | None = None
    points: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class FieldChart:
    """Rows of panels over one part of the plane.

    Attributes:
        title: title of the picture.
        note: what the panels show.
        rows: label and panels of each row.
        limits: lowest and highest coordinate of both axes.
        scale: colours of the values; None: no panel has values.
    """

    title: str
    note: str
    rows: Sequence[tuple[str, Sequence[Field]]]
    limits: tuple[float, float]
    scale: ColorScale | None = None

    def positions(self, count: int) -> np.ndarray:
        """Return the centres of `count` cells along an axis."""
        low, high = self.limits
        return low + (high - low) * (np.arange(count) + 0.5) / count

    def tiles(self) -> TileGrid | None:
        """Return the values as tiles, for a terminal; None if no panel has values."""
        rows = [
            Row([tile for field in fields if (tile := self._tile(field)) is not None], label)
            for label, fields in self.rows
        ]
        rows = [row for row in rows if row.tiles]
        return TileGrid(self.title, rows, self.note, self.scale) if rows else None

    def _tile(self, field: Field) -> Tile | None:
        if field.values is None or self.scale is None:
            return None
        return Tile(field.values[::-1], field.caption, self.scale.palette, self.scale.limits)
