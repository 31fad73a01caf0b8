"""Which pixels a unit of a deep layer can see.

Reference: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill, 2019, doi:10.23915/distill.00021: the recurrences for size, stride and position.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple


class Window(NamedTuple):
    """The square window that a layer slides over its input; every axis has the same one.

    Attributes:
        kernel: side of the window, in units of the layer's input.
        stride: distance between two neighbouring windows.
        padding: zeros put before and after each axis.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def output(self, size: int) -> int:
        """Return how many windows fit along an axis of `size` units."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """The pixels that reach the units of a layer, along one axis.

    Attributes:
        size: pixels in the field of one unit.
        jump: distance in pixels between the fields of neighbouring units.
        center: position of the middle of unit 0's field; pixel 0 is at 0.0, pixel 1 at 1.0.
    """

    size: int = 1
    jump: int = 1
    center: float = 0.0

    def through(self, windows: Iterable[Window]) -> ReceptiveField:
        """Return the field behind further windows, one after the other."""
        size, jump, center = self.size, self.jump, self.center
        for window in windows:
            size += (window.kernel - 1) * jump
            center += ((window.kernel - 1) / 2 - window.padding) * jump
            jump *= window.stride
        return ReceptiveField(size, jump, center)

    def interval(self, unit: int) -> tuple[int, int]:
        """Return the first and the last pixel of a unit's field; padding may put them outside the image."""
        first = round(self.center + unit * self.jump - (self.size - 1) / 2)
        return first, first + self.size - 1
