"""Synthetic images of ten geometric shapes, drawn with exact masks.

`draw` is a pure function of a seed and the indices of the examples, so any number of examples can be drawn in any
order. The outlines are signed distance functions evaluated at the centre of each pixel; both the antialiased edges and
the masks follow from the distance.

Reference: I. Quilez, "2D distance functions", https://iquilezles.org/articles/distfunctions2d.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

VERSION = 2  # increases when the same seed and index give another image or label
SIDE = 32  # pixels
TEXTURES = ("plain", "stripes", "checks", "dots", "gradient")
_RADIUS = (9.0, 13.0)  # circumradius of a shape in pixels
_OCCLUDED = 0.15  # fraction of the images with a bar in front of the shape
_NOISE = 0.04  # largest standard deviation, of pixels in [0, 1]
_SHIFT = 4.0  # largest distance of the centre from that of the image, in pixels along each axis
_TILT = math.radians(12)  # largest rotation

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]  # x (right) and y (up), in radii, to signed distance


@dataclasses.dataclass(frozen=True)
class Drawing:
    """Images of shapes and how they were drawn.

    Attributes:
        images: uint8 [example, 32, 32, 3].
        labels: int32 [example], indices into `CLASSES`.
        masks: bool [example, 32, 32], true where the visible part of the shape covers at least half of the pixel.
        centres: float32 [example, 2], row and column of the shape's centre in pixels, (0, 0) in the top left corner.
        radii: float32 [example], circumradius in pixels.
        angles: float32 [example], counter-clockwise rotation in degrees.
        colours: uint8 [example, 3], main colour of the shape.
        textures: int32 [example], indices into `TEXTURES`.
    """

    images: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    angles: np.ndarray
    colours: np.ndarray
    textures: np.ndarray


def draw(indices: Sequence[int] | np.ndarray, seed: int = 0) -> Drawing:
    """Draw examples; each depends on its index and the seed only.

    Args:
        indices: of the examples, from 0; the class of an example is its index modulo 10.
        seed: from 0.
    """
    indices = np.asarray(indices, np.int64)
    labels = (indices % len(CLASSES)).astype(np.int32)
    random = _Random(indices, seed)
    radius, angle = random.uniform(*_RADIUS), random.uniform(-_TILT, _TILT)
    row, column = (random.uniform(SIDE / 2 - _SHIFT, SIDE / 2 + _SHIFT) for _ in range(2))
    hue = random.uniform(0, 6)
    colour = random.colour(hue, saturation=(0.55, 1.0), value=(0.55, 1.0))
    texture = random.integers(len(TEXTURES))
    right, up = _coordinates(row, column, angle)
    shape = _coverage(radius * _distances(labels, right / radius, up / radius))
    bar = _bar(random, row, column, radius)
    images = _background(random, hue)
    images = _over(images, shape, _textured(random, texture, colour, right, up))
    images = _over(images, bar, random.colour(random.uniform(0, 6), saturation=(0.0, 0.8), value=(0.2, 1.0)))
    images += random.uniform(0, _NOISE)[..., None] * random.noise
    return Drawing(
        images=np.rint(255 * images.clip(0, 1)).astype(np.uint8),
        labels=labels,
        masks=(shape >= 0.5) & (bar < 0.5),
        centres=np.concatenate([row, column], axis=1)[..., 0].astype(np.float32),
        radii=radius.ravel().astype(np.float32),
        angles=np.degrees(angle).ravel().astype(np.float32),
        colours=np.rint(255 * colour[:, 0, 0]).astype(np.uint8),
        textures=texture,
    )


_PIXELS = (np.arange(SIDE, dtype=np.float32) + 0.5)[None, None, :]  # columns of the centres of the pixels
_CENTRE = np.full([1, 1, 1], SIDE / 2, np.float32)


class _Random:
    """Random numbers of several examples; each method takes the next ones of every example."""

    def __init__(self, indices: np.ndarray, seed: int):
        generators = [np.random.default_rng([seed, int(index)]) for index in indices]
        self._numbers = np.stack([generator.random(64, np.float32) for generator in generators])
        self._used = 0
        self.noise = np.stack([generator.standard_normal([SIDE, SIDE, 3], np.float32) for generator in generators])

    def uniform(self, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
        """Return float32 [example, 1, 1] in [low, high)."""
        self._used += 1
        return low + (high - low) * self._numbers[:, self._used - 1, None, None]

    def integers(self, count: int) -> np.ndarray:
        """Return int32 [example] in 0 … count - 1."""
        return self.uniform(0, count).astype(np.int32).ravel()

    def colour(self, hue: np.ndarray, saturation: tuple[float, float], value: tuple[float, float]) -> np.ndarray:
        """Return red, green and blue in [0, 1], float32 [example, 1, 1, 3], for hues in sixths of the colour wheel."""
        sector = (np.array([5, 3, 1], np.float32) + hue[..., None]) % 6
        white = self.uniform(*saturation)[..., None] * np.minimum(sector, 4 - sector).clip(0, 1)
        return self.uniform(*value)[..., None] * (1 - white)


def _coordinates(row: np.ndarray, column: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of all pixels, in pixels along axes to the right and up.

    Args:
        row: row of the origin in pixels, [example, 1, 1].
        column: column of the origin in pixels, [example, 1, 1].
        angle: counter-clockwise rotation of the axes in radians, [example, 1, 1].
    """
    right, up = _PIXELS - column, row - _PIXELS.swapaxes(1, 2)
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * right + sine * up, cosine * up - sine * right


def _coverage(distance: np.ndarray) -> np.ndarray:
    """Return the covered fraction of pixels, given the distance of their centres from an outline in pixels."""
    return (0.5 - distance).clip(0, 1)


def _over(images: np.ndarray, coverage: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Paint a colour over images [example, row, column, channel] where it covers them."""
    return images + coverage[..., None] * (colour - images)


def _background(random: _Random, hue: np.ndarray) -> np.ndarray:
    """Paint a muted gradient and a stroke, in other hues than that of the shape."""

    def other() -> np.ndarray:
        return hue + random.uniform(1.5, 4.5)

    angle = random.uniform(-math.pi, math.pi)
    first, second = (random.colour(other(), saturation=(0.1, 0.6), value=(0.15, 0.9)) for _ in range(2))
    along, _ = _coordinates(_CENTRE, _CENTRE, angle)
    images = first + (second - first) * (0.5 + along / SIDE).clip(0, 1)[..., None]
    row, column = random.uniform(0, SIDE), random.uniform(0, SIDE)
    length, width = random.uniform(2, 9), random.uniform(0.4, 1.4)  # half of both
    right, up = _coordinates(row, column, random.uniform(-math.pi, math.pi))
    stroke = _coverage(np.hypot(right - right.clip(-length, length), up) - width)
    return _over(images, stroke, random.colour(other(), saturation=(0.2, 0.9), value=(0.3, 1.0)))


def _bar(random: _Random, row: np.ndarray, column: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return the coverage [example, row, column] of a bar in front of some shapes, 0 in front of the others."""
    right, _ = _coordinates(row, column, random.uniform(-math.pi, math.pi))
    offset, width = random.uniform(0.1, 0.7) * radius, random.uniform(0.1, 0.22) * radius
    return np.where(random.uniform(0, 1) < _OCCLUDED, _coverage(np.abs(right - offset) - width), np.float32(0))


def _textured(
    random: _Random, texture: np.ndarray, colour: np.ndarray, right: np.ndarray, up: np.ndarray
) -> np.ndarray:
    """Return the colours [example, row, column, channel] of shapes with a texture each."""
    period, contrast = random.uniform(3.5, 6.0), random.uniform(0.2, 0.5)
    waves = np.sin(2 * np.pi * right / period), np.sin(2 * np.pi * up / period)
    patterns = {
        "plain": np.zeros_like(waves[0]),
        "stripes": 0.5 + 0.5 * (3 * waves[0]).clip(-1, 1),
        "checks": 0.5 + 0.5 * (3 * waves[0] * waves[1]).clip(-1, 1),
        "dots": (3 * (waves[0] + waves[1] - 0.9)).clip(0, 1),
        "gradient": (0.5 + right / 20).clip(0, 1),
    }
    pattern = np.stack([patterns[name] for name in TEXTURES])[texture, np.arange(len(texture))]
    return colour * (1 - (contrast * pattern)[..., None])


def _distances(labels: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance of points [example, row, column] from the outline of each example's class."""
    distances = np.empty_like(x)
    for label, distance in enumerate(_OUTLINES.values()):
        chosen = labels == label
        distances[chosen] = distance(x[chosen], y[chosen])
    return distances


def _circle(x: np.ndarray, y: np.ndarray, *, radius: float = 0.85) -> np.ndarray:
    return np.hypot(x, y) - radius


def _box(x: np.ndarray, y: np.ndarray, width: float, height: float) -> np.ndarray:
    """Return the distance from a box, given half of its width and half of its height."""
    right, up = np.abs(x) - width, np.abs(y) - height
    return np.hypot(right.clip(0), up.clip(0)) + np.maximum(right, up).clip(max=0)


def _polygon(corners: int) -> Distance:
    """Return the distance from a regular polygon of circumradius 1; near its corners, from the line of an edge."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        sector = 2 * math.pi / corners
        angle = np.arctan2(x, y) % sector - sector / 2
        return np.hypot(x, y) * np.cos(angle) - math.cos(sector / 2)

    return distance


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance from a star with five points; near these, from the line of an edge."""
    sector, inner = 2 * math.pi / 5, 0.42
    angle = np.abs((np.arctan2(x, y) + sector / 2) % sector - sector / 2)
    radius = np.hypot(x, y)
    across, along = radius * np.sin(angle), radius * np.cos(angle)
    corner = inner * math.sin(sector / 2), inner * math.cos(sector / 2)
    edge = corner[0], corner[1] - 1
    return (across * -edge[1] + (along - 1) * edge[0]) / math.hypot(*edge)


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.abs(x) / 1.55, y / 1.55 + 0.55
    upper = np.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    lower = np.minimum(np.hypot(x, y - 1), np.hypot(x - (x + y).clip(0) / 2, y - (x + y).clip(0) / 2))
    return 1.55 * np.where(x + y > 1, upper, lower * np.sign(x - y))


def _crescent(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(_circle(x, y, radius=0.95), -_circle(x - 0.5, y, radius=0.75))


def _arrow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    head = np.maximum((np.abs(x) + y - 1) / math.sqrt(2), -y)
    return np.minimum(head, _box(x, y + 0.45, 0.26, 0.5))


# The first is the default of pictures that explain: its flips and rotations show.
_OUTLINES: dict[str, Distance] = {
    "crescent": _crescent,
    "heart": _heart,
    "star": _star,
    "arrow": _arrow,
    "cross": lambda x, y: np.minimum(_box(x, y, 0.95, 0.3), _box(x, y, 0.3, 0.95)),
    "triangle": _polygon(3),
    "square": lambda x, y: _box(x, y, 0.72, 0.72),
    "pentagon": _polygon(5),
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.72) - 0.22,
    "circle": _circle,
}
CLASSES = tuple(_OUTLINES)
