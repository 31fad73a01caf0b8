"""The states of a diffusion process over its timesteps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.tiles import Row, Tile, TileGrid

_SHOWN = 5  # states that fit side by side in a terminal
_BINS = 12  # per axis, of points in a terminal

Picture = np.ndarray | ScatterChart  # an image [height, width, channel], or points


@dataclasses.dataclass(frozen=True, eq=False)
class Strip:
    """One row: the states of one sample.

    Attributes:
        label: text to the left.
        pictures: one per timestep.
    """

    label: str
    pictures: Sequence[Picture]


@dataclasses.dataclass(frozen=True, eq=False)
class StripsChart:
    """Rows of states, with a column per timestep.

    Attributes:
        title: title of the picture.
        strips: the rows.
        captions: text above each column.
    """

    title: str
    strips: Sequence[Strip]
    captions: Sequence[str]

    def tiles(self) -> TileGrid:
        """Return the states at a few evenly spaced timesteps as small pictures, for a terminal."""
        columns = np.unique(np.rint(np.linspace(0, len(self.captions) - 1, _SHOWN)).astype(int))
        rows = [
            Row([_tile(strip.pictures[column], self.captions[column]) for column in columns], strip.label)
            for strip in self.strips
        ]
        return TileGrid(self.title, rows)


def _tile(picture: Picture, caption: str) -> Tile:
    if isinstance(picture, ScatterChart):
        # The fourth root shows a dense mode and a sparse cloud on one scale.
        return picture.histogram(caption, bins=_BINS, power=0.25)
    return Tile(picture, caption)
