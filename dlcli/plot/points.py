"""Named points in the plane, in groups, and where there is room for their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

# Where a label may stand: the part of its size by which its corner lies off the point, and the direction of the gap.
_STEPS = ((0.0, -0.5, 1, 0), (-1.0, -0.5, -1, 0), (-0.5, 0.0, 0, 1), (-0.5, -1.0, 0, -1))
_STEPS += ((0.0, 0.0, 1, 1), (-1.0, 0.0, -1, 1), (0.0, -1.0, 1, -1), (-1.0, -1.0, -1, -1))


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Points with their names and groups.

    Attributes:
        places: float [point, 2], across and up.
        labels: a name for each; the first ones are the last to go without where there is no room.
        groups: int [point], of each point.
        names: of the groups.
    """

    places: np.ndarray
    labels: Sequence[str]
    groups: np.ndarray
    names: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.places) == len(self.labels) == len(self.groups) > 0:
            raise ValueError(
                f"each of {len(self.places)} points must have a label and a group, "
                f"got {len(self.labels)} and {len(self.groups)}"
            )

    def within(self, width: float, height: float, margin: float) -> np.ndarray:
        """Return the places stretched to a canvas of this size, with a margin around them."""
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        shares = (self.places - low) / np.where(high > low, high - low, 1)
        shares = np.where(high > low, shares, 0.5)
        return margin + shares * (np.array([width, height]) - 2 * margin)


def corners(
    places: np.ndarray, sizes: np.ndarray, room: tuple[float, float], dot: float, gaps: Sequence[float]
) -> list[np.ndarray | None]:
    """Find a place for the label of each point, so that none covers another label or another point.

    Args:
        places: float [point, 2] on the canvas.
        sizes: float [point, 2] of the labels, width and height.
        room: width and height of the canvas.
        dot: side of a point.
        gaps: distances of a label from its point, tried in this order.

    Returns:
        The lower left corner [2] of each label, None where there is no room.
    """
    dots = np.concatenate([places - dot / 2, places + dot / 2], axis=1)  # left, bottom, right, top
    taken = np.zeros([0, 4])
    found: list[np.ndarray | None] = []
    for number, (place, size) in enumerate(zip(places, sizes, strict=True)):
        others = np.concatenate([np.delete(dots, number, axis=0), taken])
        corner = next((each for each in _candidates(place, size, gaps) if _free(each, size, room, others)), None)
        found.append(corner)
        if corner is not None:
            taken = np.concatenate([taken, [[*corner, *(corner + size)]]])
    return found


def _candidates(place: np.ndarray, size: np.ndarray, gaps: Sequence[float]) -> list[np.ndarray]:
    return [
        place + np.array([across, up]) * size + gap * np.array([right, above])
        for gap in gaps
        for across, up, right, above in _STEPS
    ]


def _free(corner: np.ndarray, size: np.ndarray, room: tuple[float, float], others: np.ndarray) -> bool:
    end = corner + size
    if (corner < 0).any() or (end > room).any():
        return False
    apart = (others[:, :2] >= end).any(axis=1) | (others[:, 2:] <= corner).any(axis=1)
    return bool(apart.all())
