"""The receptive field of a unit: theoretical, from the kernels and strides, and effective, from its input gradient.

Reference: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", 2016,
arXiv:1701.04128.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot import palette
from dlcli.plot.charts.tiles import Row, Tile, TileGrid

_FAINTEST = 1e-4  # fraction of the largest gradient that is black on the logarithmic scale
_DIMMED = 0.2  # brightness of the pixels outside the field, in a terminal


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle of pixels; parts of it may be in the padding, outside the image."""

    top: int
    left: int
    height: int
    width: int


@dataclasses.dataclass(frozen=True)
class LayerField:
    """The receptive field of the units of a layer.

    Attributes:
        layer: name of the layer.
        size: side of the theoretical field, in pixels.
        stride: distance between the fields of neighbouring units, in pixels.
        effective: side of the effective field, in pixels; None where it was not measured.
    """

    layer: str
    size: int
    stride: int
    effective: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class ReceptiveFieldChart:
    """The receptive field of one unit, and its growth over the layers.

    Attributes:
        title: title of the picture; it should name the layer and the unit.
        image: [height, width] with no, one or three channels.
        gradient: |d unit / d pixel|, float [height, width].
        box: the theoretical field.
        layers: the layers from the input to the layer of the unit.
    """

    title: str
    image: np.ndarray
    gradient: np.ndarray
    box: Box
    layers: Sequence[LayerField]

    @property
    def relative_gradient(self) -> np.ndarray:
        """|gradient| divided by its maximum, float [height, width] in [0, 1]."""
        magnitude = np.abs(self.gradient)
        return magnitude / (magnitude.max() or 1.0)

    @property
    def log_gradient(self) -> np.ndarray:
        """log10 of the relative gradient, at least `log_limits[0]`, float [height, width]."""
        return np.log10(np.maximum(self.relative_gradient, _FAINTEST))

    @property
    def log_limits(self) -> tuple[float, float]:
        """The limits of the colour scale of `log_gradient`."""
        return float(np.log10(_FAINTEST)), 0.0

    def tiles(self) -> TileGrid:
        """Return the image and the gradients as small pictures, with the pixels outside the field dimmed."""
        seen = _DIMMED * palette.as_colors(self.image)
        rows, columns = (
            slice(max(start, 0), max(start + size, 0))
            for start, size in ((self.box.top, self.box.height), (self.box.left, self.box.width))
        )
        seen[rows, columns] /= _DIMMED
        tiles = [
            Tile(seen, "theoretical field (bright)"),
            Tile(self.relative_gradient, "|gradient| / maximum, 0 to 1", "heat", (0.0, 1.0)),
            Tile(self.log_gradient, "log10 of it, {:g} to {:g}".format(*self.log_limits), "heat", self.log_limits),
        ]
        return TileGrid(self.title, [Row(tiles)])
