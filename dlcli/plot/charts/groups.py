"""Points in the plane by group, in panels, with an optional picture beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class GroupPanel:
    """Points of one panel.

    Attributes:
        caption: text above it.
        positions: float [point, 2].
        axes: labels of both axes.
    """

    caption: str
    positions: np.ndarray
    axes: tuple[str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class GroupsChart:
    """Panels of the same points at different positions.

    Attributes:
        title: title of the picture.
        panels: the panels.
        groups: group of each point, int [point].
        names: a name per group.
        picture: pixels [height, width, channel] that are shown beside the panels, such as decoded points of a grid.
        extent: left, right, bottom and top of the picture in the coordinates of the only panel.
        caption: text above the picture.
        thumbnails: an image of each point, uint8 [height, width] with no, one or three channels, which is drawn in its
            place where there is room; in a file only.
    """

    title: str
    panels: Sequence[GroupPanel]
    groups: np.ndarray
    names: Sequence[str]
    picture: np.ndarray | None = None
    extent: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)
    caption: str = ""
    thumbnails: Sequence[np.ndarray] | None = None


def apart(positions: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return which boxes around points are drawn so that none overlaps one before it, bool [point].

    Args:
        positions: centers of the boxes, float [point, 2].
        side: width and height of a box, float [2].
    """
    kept: list[np.ndarray] = []
    chosen = np.zeros(len(positions), bool)
    for number, position in enumerate(positions):
        if not kept or (np.abs(np.stack(kept) - position) >= side).any(axis=1).all():
            kept.append(position)
            chosen[number] = True
    return chosen
