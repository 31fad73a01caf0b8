"""The decision boundary of a classifier in the plane, with its data and its hidden units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from dlcli.plot import palette

_STRENGTH = 0.55  # of the colour of a class where the classifier is certain


@dataclasses.dataclass(frozen=True, eq=False)
class Points:
    """Examples of one split.

    Attributes:
        name: name of the split.
        positions: float [example, 2].
        labels: class index of each, int [example].
    """

    name: str
    positions: np.ndarray
    labels: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class UnitMap:
    """The activation of a hidden unit over the plane.

    Attributes:
        layer: number of the hidden layer, from 1.
        unit: number of the unit in its layer, from 0.
        values: float [row, column].
    """

    layer: int
    unit: int
    values: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class DecisionBoundaryChart:
    """Class probabilities over the plane, the data, and hidden units.

    Attributes:
        title: title of the picture.
        axes: names of both features.
        x: float [column], ascending.
        y: float [row], ascending.
        probabilities: float [row, column, class].
        classes: names of the classes.
        points: the data by split.
        units: maps of hidden units, in the order of the layers.
    """

    title: str
    axes: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    probabilities: np.ndarray
    classes: Sequence[str]
    points: Sequence[Points]
    units: Sequence[UnitMap]

    def colors(self) -> np.ndarray:
        """Return colours [row, column, 3]: that of the predicted class, paler where the classifier is less certain."""
        best = self.probabilities.argmax(axis=-1)
        chance = 1 / len(self.classes)
        certainty = np.clip((self.probabilities.max(axis=-1) - chance) / (1 - chance), 0, 1)[..., None]
        hues = np.stack([class_color(number) for number in range(len(self.classes))])[best]
        return 1 - _STRENGTH * certainty * (1 - hues)

    def margin(self, number: int) -> np.ndarray:
        """Return the probability of a class minus the largest of the others, [row, column]; 0 on its boundary."""
        others = np.delete(self.probabilities, number, axis=-1).max(axis=-1)
        return self.probabilities[..., number] - others


def class_color(number: int) -> np.ndarray:
    """Return the colour of a class, float [3]; blue and orange, the first, differ in every colour blindness."""
    return palette.from_hex(palette.LINES[number % len(palette.LINES)])
