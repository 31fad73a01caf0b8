"""Points of two classes in the plane, drawn from a seed: moons, circles, spirals, xor.

The shapes are those of scikit-learn's `make_moons` and `make_circles`, and of TensorFlow Playground.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dlcli.data.problems import Problem
from dlcli.data.tabular.builder import Builder, ReadOptions, Rows, Source
from dlcli.options.datasets import PLANE

Shape = Callable[[np.random.Generator, np.ndarray], np.ndarray]  # random stream and labels [point] to points [point, 2]


def moons(random: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return points on two interleaved half circles of radius 1."""
    angles = random.uniform(0, np.pi, len(labels))
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lower = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    return np.where(labels[:, None] == 0, upper, lower)


def circles(random: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return points on a circle of radius 1 and one of radius 0.5 around the origin."""
    angles, radius = random.uniform(0, 2 * np.pi, len(labels)), np.where(labels == 0, 1.0, 0.5)
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)


def spirals(random: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return points on two spiral arms of 1.75 turns, with radius 0.05 to 1."""
    radius = random.uniform(0.05, 1, len(labels))
    angles = 3.5 * np.pi * radius + np.pi * labels
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)


def xor(random: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return points of four squares at a distance of 0.3 from each other; class 1 is where x and y differ in sign."""
    corners = random.uniform(0.15, 1, [len(labels), 2])
    signs = random.choice([-1.0, 1.0], len(labels))
    return corners * np.stack([signs, np.where(labels == 0, signs, -signs)], axis=1)


# Description, shape, and standard deviation of the noise by default.
_SHAPES: dict[str, tuple[str, Shape, float]] = {
    "moons": ("two interleaved half circles", moons, 0.1),
    "circles": ("a circle in another", circles, 0.05),
    "spirals": ("two spiral arms", spirals, 0.02),
    "xor": ("four squares, the class is the exclusive or of the signs of x and y", xor, 0.03),
}


def read(dataset: str, options: ReadOptions) -> tuple[Source, list[Problem]]:
    """Draw the points; half of them have class 0."""
    _, shape, noise = _SHAPES[dataset]
    random = np.random.default_rng([options.data_seed, list(_SHAPES).index(dataset)])
    labels = random.permutation(np.arange(options.points) % 2)
    exact = shape(random, labels)
    points = exact + random.normal(0, 1, exact.shape) * (noise if options.noise is None else options.noise)
    places = [f"point {number}" for number in range(options.points)]
    return Source(("x", "y"), "class", {"train": Rows(points, labels, places)}), []


BUILDER = Builder(
    form=", ".join(PLANE),
    matches=lambda dataset: dataset in PLANE,
    read=read,
    embedded={name: f"points in the plane: {text}, 2 classes" for name, (text, _, _) in _SHAPES.items()},
)
