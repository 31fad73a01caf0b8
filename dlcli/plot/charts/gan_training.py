"""The training of a GAN: samples for the same noise at several steps, and curves over all steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot.charts.lines import Panel
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.tiles import Row, Tile, TileGrid

_SHOWN = 4  # steps that a terminal shows


@dataclasses.dataclass(frozen=True, eq=False)
class GanTrainingChart:
    """Samples of a generator during training, and the training curves.

    Attributes:
        title: title of the picture.
        samples: a step, and its samples: images [sample, height, width, channel], or points.
        panels: curves over the steps.
    """

    title: str
    samples: Sequence[tuple[int, np.ndarray | ScatterChart]]
    panels: Sequence[Panel]

    def tiles(self) -> TileGrid:
        """Return the samples at a few of the steps as small pictures: a row per step, or one row of points."""
        *others, last = self.samples
        shown = [*others[:: -(-len(self.samples) // _SHOWN)], last]
        if isinstance(last[1], ScatterChart):
            tiles = [each.histogram(f"step {step:,}") for step, each in shown if isinstance(each, ScatterChart)]
            return TileGrid(self.title, [Row(tiles)])
        images = [(step, each) for step, each in shown if not isinstance(each, ScatterChart)]
        return TileGrid(self.title, [Row([Tile(image) for image in each], f"step {step:,}") for step, each in images])
