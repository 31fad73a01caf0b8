"""Words by a projection of their vectors, in groups, and a layout for their labels in the plane."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

# Candidate places of a label: its lower left corner relative to the point in units of its size, and the direction of
# the gap.
_OFFSETS: tuple[tuple[float, float, int, int], ...] = (
    (0.0, -0.5, 1, 0),
    (-1.0, -0.5, -1, 0),
    (-0.5, 0.0, 0, 1),
    (-0.5, -1.0, 0, -1),
    (0.0, 0.0, 1, 1),
    (-1.0, 0.0, -1, 1),
    (0.0, -1.0, 1, -1),
    (-1.0, -1.0, -1, -1),
)


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddingsChart:
    """Labelled points in groups.

    Attributes:
        title: title of the picture.
        positions: float [point, 2] or [point, 3]; in the terminal, the first two coordinates.
        labels: a label per point; where there is no room, the labels of the last points are left out.
        groups: int [point], the group of each point.
        group_names: a name per group.
        arrows: pairs of points; in a file, an arrow from the first to the second.
    """

    title: str
    positions: np.ndarray
    labels: Sequence[str]
    groups: np.ndarray
    group_names: Sequence[str]
    arrows: Sequence[tuple[int, int]] = ()

    def __post_init__(self) -> None:
        if not len(self.positions) == len(self.labels) == len(self.groups) > 0:
            raise ValueError(
                f"each of {len(self.positions)} points must have a label and a group, "
                f"got {len(self.labels)} and {len(self.groups)}"
            )

    def scaled_to(self, width: float, height: float, margin: float) -> np.ndarray:
        """Return the positions stretched to a canvas of this size, with a margin on all sides."""
        plane = self.positions[:, :2]
        low, high = plane.min(axis=0), plane.max(axis=0)
        fractions = (plane - low) / np.where(high > low, high - low, 1)
        fractions = np.where(high > low, fractions, 0.5)
        return margin + fractions * (np.array([width, height]) - 2 * margin)


def place_labels(
    positions: np.ndarray, sizes: np.ndarray, canvas: tuple[float, float], dot: float, gaps: Sequence[float]
) -> list[np.ndarray | None]:
    """Find a place for the label of each point, such that no label covers another label or another point.

    Args:
        positions: float [point, 2] on the canvas.
        sizes: float [point, 2], width and height of each label.
        canvas: width and height of the canvas.
        dot: diameter of a point.
        gaps: distances of a label from its point, tried in this order.

    Returns:
        The lower left corner [2] of each label, None where there is no room.
    """
    dots = np.concatenate([positions - dot / 2, positions + dot / 2], axis=1)  # left, bottom, right, top
    placed = np.zeros([0, 4])
    found: list[np.ndarray | None] = []
    for number, (position, size) in enumerate(zip(positions, sizes, strict=True)):
        obstacles = np.concatenate([np.delete(dots, number, axis=0), placed])
        corner = next(
            (each for each in _candidates(position, size, gaps) if _free(each, size, canvas, obstacles)), None
        )
        found.append(corner)
        if corner is not None:
            placed = np.concatenate([placed, [[*corner, *(corner + size)]]])
    return found


def _candidates(position: np.ndarray, size: np.ndarray, gaps: Sequence[float]) -> list[np.ndarray]:
    return [
        position + np.array([x, y]) * size + gap * np.array([right, up]) for gap in gaps for x, y, right, up in _OFFSETS
    ]


def _free(corner: np.ndarray, size: np.ndarray, canvas: tuple[float, float], obstacles: np.ndarray) -> bool:
    end = corner + size
    if (corner < 0).any() or (end > canvas).any():
        return False
    apart = (obstacles[:, :2] >= end).any(axis=1) | (obstacles[:, 2:] <= corner).any(axis=1)
    return bool(apart.all())
