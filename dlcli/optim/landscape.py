"""The landscape of a surface: heights on a grid, stationary points and plateaus, found numerically.

Everything is computed in float64: near a stationary point, float32 rounds the differences to zero.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from dlcli.errors import UsageError
from dlcli.optim.expressions import Field
from dlcli.optim.surfaces import Domain, Point

Kind = Literal["minimum", "saddle", "maximum", "flat"]

_STARTS = 32  # starting points of Newton's method along each axis
_ITERATIONS = 80
_MAX_STEP = 0.1  # of Newton's method, relative to the diagonal of the domain
_SAME = 1e-4  # distance, relative to the diagonal, below which two points are one
_FLAT = 1e-7  # eigenvalue · diagonal² relative to the range of heights, below which a direction is flat
_PLATEAU = 0.02  # change by slope and curvature over the diagonal, relative to the range of heights, on a plateau


@dataclasses.dataclass(frozen=True)
class Stationary:
    """A stationary point: the gradient is zero.

    Attributes:
        kind: by the eigenvalues of the Hessian: all positive, of both signs, all negative; "flat" if one is zero.
        x, y: coordinates.
        value: height.
        eigenvalues: of the Hessian, ascending.
    """

    kind: Kind
    x: float
    y: float
    value: float
    eigenvalues: tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Landscape:
    """A surface, measured over its domain.

    Attributes:
        x: float64 [column], ascending.
        y: float64 [row], ascending.
        heights: float64 [row, column]; NaN where the function is undefined.
        plateau: bool [row, column]: True where slope and curvature, extrapolated over the whole domain,
            would change the height by less than 2 % of its range.
        stationary: stationary points by kind, each kind by ascending height.
    """

    x: np.ndarray
    y: np.ndarray
    heights: np.ndarray
    plateau: np.ndarray
    stationary: tuple[Stationary, ...]


def survey(value: Field, domain: Domain, points: int = 201, known: Sequence[Point] = ()) -> Landscape:
    """Measure a surface on a grid of `points` × `points`, and find its stationary points.

    Args:
        value: the surface.
        domain: the part of the plane to measure.
        points: of the grid, along each axis.
        known: minima in addition to which others are searched: a cusp attracts Newton's method only from nearby.

    Raises:
        UsageError: the function has no finite value in the domain.
    """
    (left, right), (bottom, top) = domain
    x, y = np.linspace(left, right, points), np.linspace(bottom, top, points)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    tall, slopes, curvatures = (each.reshape(points, points, *each.shape[1:]) for each in derivatives(value, grid))
    tall = np.where(np.isfinite(tall), tall, np.nan)
    if np.isnan(tall).all():
        bounds = f"x in [{left:g}, {right:g}] and y in [{bottom:g}, {top:g}]"
        raise UsageError(f"the surface must have finite values for {bounds}, found none")
    diagonal, extent = _diagonal(domain), _range(tall)
    steep = np.linalg.norm(slopes, axis=-1) * diagonal
    with np.errstate(invalid="ignore"):
        bent = np.abs(curvatures).max(axis=(-2, -1)) * diagonal**2 / 2
        plateau = (steep <= _PLATEAU * extent) & (bent <= _PLATEAU * extent)
    return Landscape(x, y, tall, plateau, _stationary(value, domain, extent, known))


def steepest_curvature(value: Field, land: Landscape, start: Point) -> float:
    """Return the largest |eigenvalue| of the Hessian in the part of the start's basin that is no higher than the start.

    Gradient descent whose rate is its inverse decreases the height at every step, and so never leaves that region
    (Nesterov, "Lectures on Convex Optimization", 2018, section 1.2.3).
    """
    height = derivatives(value, np.array([start]))[0][0]
    column, row = np.abs(land.x - start[0]).argmin(), np.abs(land.y - start[1]).argmin()
    below = land.heights <= height
    below[row, column] = True  # the nearest grid point may be slightly higher
    basins, _ = ndimage.label(below)
    rows, columns = np.nonzero(basins == basins[row, column])
    places = np.concatenate([[start], np.stack([land.x[columns], land.y[rows]], axis=-1)])
    curvatures = derivatives(value, places)[2]
    return float(np.abs(np.linalg.eigvalsh(curvatures[np.isfinite(curvatures).all(axis=(1, 2))])).max(initial=0.0))


def heights(value: Field, points: np.ndarray) -> np.ndarray:
    """Return heights [point] at points [point, 2], in float64."""
    with jax.enable_x64(True):
        return np.asarray(jax.jit(value)(*jnp.asarray(points, jnp.float64).T))


def derivatives(value: Field, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return heights [point], gradients [point, 2] and Hessians [point, 2, 2] at points [point, 2], in float64."""
    with jax.enable_x64(True):
        tall, slopes, curvatures = _derivatives(value, jnp.asarray(points, jnp.float64))
        return np.asarray(tall), np.asarray(slopes), np.asarray(curvatures)


@functools.partial(jax.jit, static_argnums=0)
def _derivatives(value: Field, points: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    height = functools.partial(_at, value)
    return jax.vmap(height)(points), jax.vmap(jax.grad(height))(points), jax.vmap(jax.hessian(height))(points)


def _at(value: Field, point: jax.Array) -> jax.Array:
    return value(point[0], point[1])


def _stationary(value: Field, domain: Domain, extent: float, known: Sequence[Point]) -> tuple[Stationary, ...]:
    (left, right), (bottom, top) = domain
    diagonal = _diagonal(domain)
    # Away from the edges and the middle of the grid, where Newton's method is stuck on symmetric functions.
    shares = (np.arange(_STARTS) + 0.43) / _STARTS
    starts = np.stack(np.meshgrid(left + shares * (right - left), bottom + shares * (top - bottom)), axis=-1)
    starts = np.concatenate([starts.reshape(-1, 2), np.reshape(known, (-1, 2))])
    with jax.enable_x64(True):
        points, steps = _newton(value, jnp.asarray(starts), _MAX_STEP * diagonal)
        points, steps = np.asarray(points), np.asarray(steps)
    reached, slopes, curvatures = derivatives(value, points)
    inside = ((points >= [left, bottom]) & (points <= [right, top])).all(axis=1)
    with np.errstate(invalid="ignore"):
        still = (np.linalg.norm(steps, axis=1) < 1e-7 * diagonal) & (
            np.linalg.norm(slopes, axis=1) * diagonal < 1e-6 * extent
        )
    kept = inside & still & np.isfinite(curvatures).all(axis=(1, 2))
    eigenvalues = np.linalg.eigvalsh(curvatures[kept])
    flat = _FLAT * extent / diagonal**2
    found = [
        Stationary(_kind((low, high), flat), float(x), float(y), float(height), (float(low), float(high)))
        for (x, y), height, (low, high) in zip(points[kept], reached[kept], eigenvalues, strict=True)
    ]
    return _apart(found, _SAME * diagonal)


@functools.partial(jax.jit, static_argnums=0)
def _newton(value: Field, points: jax.Array, longest: float) -> tuple[jax.Array, jax.Array]:
    """Search zeros of the gradient from points [point, 2]; return the final points and the last steps.

    A step inverts the Hessian on its range only, so that a flat valley can be reached, and is never longer than
    `longest`.
    """
    gradient, hessian = jax.grad(functools.partial(_at, value)), jax.hessian(functools.partial(_at, value))

    def step(point: jax.Array) -> jax.Array:
        eigenvalues, vectors = jnp.linalg.eigh(hessian(point))
        used = jnp.abs(eigenvalues) > 1e-12 * jnp.abs(eigenvalues).max()
        inverse = jnp.where(used, 1 / jnp.where(used, eigenvalues, 1.0), 0.0)
        way = -vectors @ (inverse * (vectors.T @ gradient(point)))
        return way * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(way), 1e-300))

    def iterate(points: jax.Array, _: None) -> tuple[jax.Array, None]:
        return points + jax.vmap(step)(points), None

    points, _ = jax.lax.scan(iterate, points, length=_ITERATIONS)
    return points, jax.vmap(step)(points)


def _kind(eigenvalues: tuple[float, float], flat: float) -> Kind:
    low, high = eigenvalues
    if min(abs(low), abs(high)) <= flat:
        return "flat"
    return "minimum" if low > 0 else "maximum" if high < 0 else "saddle"


def _apart(found: list[Stationary], least: float) -> tuple[Stationary, ...]:
    """Keep one of each group of points at most `least` apart, sorted by kind and height."""
    kinds = ("minimum", "saddle", "maximum", "flat")
    kept: list[Stationary] = []
    for each in sorted(found, key=lambda each: (kinds.index(each.kind), each.value)):
        if all(np.hypot(each.x - other.x, each.y - other.y) > least for other in kept):
            kept.append(each)
    return tuple(kept)


def _diagonal(domain: Domain) -> float:
    (left, right), (bottom, top) = domain
    return math.hypot(right - left, top - bottom)


def _range(heights: np.ndarray) -> float:
    return float(np.nanmax(heights) - np.nanmin(heights))
