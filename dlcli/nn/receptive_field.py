"""Receptive fields: which input pixels a unit of a deep layer depends on.

Reference: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill, 2019, doi:10.23915/distill.00021: the recurrences for size, stride and position.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple


class Window(NamedTuple):
    """The square sliding window of a layer; height and width have the same values.

    Attributes:
        kernel: side of the window in input positions.
        stride: distance between neighbouring windows in input positions.
        padding: zeros before and after each axis.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def output(self, size: int) -> int:
        """Return the output size of an axis of `size` positions."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """The receptive field of the units of a layer, along one axis.

    Attributes:
        size: pixels in the receptive field of one unit.
        jump: distance in pixels between the fields of neighbouring units (the total stride).
        center: center of the field of unit 0, in pixels; pixel 0 is at 0.0, pixel 1 at 1.0.
    """

    size: int = 1
    jump: int = 1
    center: float = 0.0

    def through(self, windows: Iterable[Window]) -> ReceptiveField:
        """Return the receptive field after further layers with these windows."""
        size, jump, center = self.size, self.jump, self.center
        for window in windows:
            size += (window.kernel - 1) * jump
            center += ((window.kernel - 1) / 2 - window.padding) * jump
            jump *= window.stride
        return ReceptiveField(size, jump, center)

    def interval(self, unit: int) -> tuple[int, int]:
        """Return the first and the last pixel of a unit's field; with padding they may lie outside the image."""
        first = round(self.center + unit * self.jump - (self.size - 1) / 2)
        return first, first + self.size - 1
