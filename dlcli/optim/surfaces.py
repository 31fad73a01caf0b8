"""Test functions of two variables for optimizers."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean
from dlcli.optim.expressions import Field, parse

Point = tuple[float, float]
Domain = tuple[Point, Point]  # bounds of x, and of y


@dataclasses.dataclass(frozen=True)
class Surface:
    """A function of x and y and its domain.

    Attributes:
        name: a key of `SURFACES`, or the user's formula.
        formula: in mathematical notation.
        value: from x and y, of equal shape, to the height.
        domain: the part of the plane that is drawn and searched.
        start: default starting point of optimizers.
        minima: the known global minima; () for a user's formula.
    """

    name: str
    formula: str
    value: Field
    domain: Domain
    start: Point
    minima: tuple[Point, ...] = ()


def surface(text: str) -> Surface:
    """Return the surface of a name or of a formula.

    Raises:
        UsageError: the text is neither.
    """
    if text in SURFACES:
        return SURFACES[text]
    if text.isidentifier() and text not in ("x", "y"):
        suggestion = did_you_mean(text, SURFACES)
        raise UsageError(f"--surface must be {', '.join(SURFACES)} or a formula in x and y, got {text!r}{suggestion}")
    return Surface(text, text, parse(text), ((-3.0, 3.0), (-3.0, 3.0)), (-2.2, 0.9))


def _rosenbrock(x: jax.Array, y: jax.Array) -> jax.Array:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _beale(x: jax.Array, y: jax.Array) -> jax.Array:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _himmelblau(x: jax.Array, y: jax.Array) -> jax.Array:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _rastrigin(x: jax.Array, y: jax.Array) -> jax.Array:
    return 20 + x**2 - 10 * jnp.cos(2 * jnp.pi * x) + y**2 - 10 * jnp.cos(2 * jnp.pi * y)


def _saddle(x: jax.Array, y: jax.Array) -> jax.Array:
    return x**2 - y**2 + y**4 / 4


def _plateau(x: jax.Array, y: jax.Array) -> jax.Array:
    return -jnp.exp(-2 * (x**2 + y**2))


def _ravine(x: jax.Array, y: jax.Array) -> jax.Array:
    return (x**2 + 40 * y**2) / 2


# The first four are classic test functions: Rosenbrock, "An Automatic Method for Finding the Greatest or
# Least Value of a Function", 1960; Beale, "On an Iterative Method of Finding a Local Minimum", 1958;
# Himmelblau, "Applied Nonlinear Programming", 1972; Rastrigin, "Systems of Extremal Control", 1974,
# usually searched from -5.12 to 5.12, here shown around its minimum.
SURFACES = {
    each.name: each
    for each in (
        Surface(
            "rosenbrock",
            "(1 − x)² + 100 (y − x²)²",
            _rosenbrock,
            ((-2.0, 2.0), (-1.0, 3.0)),
            (-1.5, 1.0),
            ((1.0, 1.0),),
        ),
        Surface(
            "beale",
            "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
            _beale,
            ((-4.5, 4.5), (-4.5, 4.5)),
            (1.0, 1.6),
            ((3.0, 0.5),),
        ),
        Surface(
            "himmelblau",
            "(x² + y − 11)² + (x + y² − 7)²",
            _himmelblau,
            ((-5.0, 5.0), (-5.0, 5.0)),
            (-0.5, -4.5),
            ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
        ),
        Surface(
            "rastrigin",
            "20 + x² − 10 cos 2πx + y² − 10 cos 2πy",
            _rastrigin,
            ((-2.25, 2.25), (-2.25, 2.25)),
            (-1.4, 0.56),
            ((0.0, 0.0),),
        ),
        Surface(
            "saddle",
            "x² − y² + y⁴/4",
            _saddle,
            ((-2.0, 2.0), (-2.0, 2.0)),
            (-1.8, 0.001),
            ((0.0, 2**0.5), (0.0, -(2**0.5))),
        ),
        Surface(
            "plateau",
            "−exp(−2x² − 2y²)",
            _plateau,
            ((-3.0, 3.0), (-3.0, 3.0)),
            (-1.7, 1.5),
            ((0.0, 0.0),),
        ),
        Surface(
            "ravine",
            "(x² + 40 y²) / 2",
            _ravine,
            ((-3.0, 3.0), (-1.5, 1.5)),
            (-2.5, 1.0),
            ((0.0, 0.0),),
        ),
    )
}
