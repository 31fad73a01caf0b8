"""A convolution step by step: the window, its product with the kernel, and the map that the sums fill."""

from __future__ import annotations

import dataclasses

import numpy as np

from dlcli.plot import palette
from dlcli.plot.charts.tiles import Row, Tile, TileGrid


@dataclasses.dataclass(frozen=True, eq=False)
class ConvolutionChart:
    """One kernel on one image.

    Attributes:
        title: title of the picture.
        image: padded input, float [height, width] in [0, 1].
        kernel: float [size, size].
        stride: pixels between two windows.
        output: the map, float [row, column].
    """

    title: str
    image: np.ndarray
    kernel: np.ndarray
    stride: int
    output: np.ndarray

    def corner(self, number: int) -> tuple[int, int]:
        """Return row and column of the first pixel of a window; windows are numbered row by row."""
        row, column = divmod(number, self.output.shape[1])
        return row * self.stride, column * self.stride

    def product(self, number: int) -> np.ndarray:
        """Return the products of the kernel and the pixels of a window, float [size, size]."""
        row, column = self.corner(number)
        size = len(self.kernel)
        return self.image[row : row + size, column : column + size] * self.kernel

    def written(self, count: int) -> np.ndarray:
        """Return the map after `count` windows, NaN where nothing is written."""
        flat = np.where(np.arange(self.output.size) < count, self.output.ravel(), np.nan)
        return flat.reshape(self.output.shape)

    @property
    def middle(self) -> int:
        """The number of the window with the largest sum in magnitude, which explains the kernel best."""
        return int(np.abs(self.output).argmax())

    def tiles(self) -> TileGrid:
        """Return input, kernel and map for a terminal."""
        ends = palette.limits(self.output, "signed")
        tiles = [
            Tile(self.image, "input"),
            Tile(self.kernel, "kernel", "signed"),
            Tile(self.output, f"output, {self.output.min():.2g} to {self.output.max():.2g}", "signed", ends),
        ]
        return TileGrid(self.title, [Row(tiles)])
