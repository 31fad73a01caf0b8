"""Test functions of two variables for optimizers."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean
from dlcli.optim.expressions import Field, parse
from dlcli.options.surfaces import is_formula

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
    if not is_formula(text):
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


def _ackley(x: jax.Array, y: jax.Array) -> jax.Array:
    square = (x**2 + y**2) / 2
    # The minimum is a cusp; there the gradient is 0, a subgradient, where that of the square root would be NaN.
    norm = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
    waves = jnp.exp((jnp.cos(2 * jnp.pi * x) + jnp.cos(2 * jnp.pi * y)) / 2)
    return 20 - 20 * jnp.exp(-0.2 * norm) + jnp.e - waves


def _styblinski_tang(x: jax.Array, y: jax.Array) -> jax.Array:
    return (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y) / 2


def _six_hump_camel(x: jax.Array, y: jax.Array) -> jax.Array:
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


def _booth(x: jax.Array, y: jax.Array) -> jax.Array:
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


def _matyas(x: jax.Array, y: jax.Array) -> jax.Array:
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def _monkey_saddle(x: jax.Array, y: jax.Array) -> jax.Array:
    return x**3 - 3 * x * y**2 + (x**2 + y**2) ** 2 / 2


def _goldstein_price(x: jax.Array, y: jax.Array) -> jax.Array:
    one = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    other = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return one * other


# Classic test functions: Rosenbrock, "An Automatic Method for Finding the Greatest or Least Value of a Function",
# 1960; Beale, "On an Iterative Method of Finding a Local Minimum", 1958; Himmelblau, "Applied Nonlinear Programming",
# 1972; Rastrigin, "Systems of Extremal Control", 1974; Ackley, "A Connectionist Machine for Genetic Hillclimbing",
# 1987; Styblinski and Tang, "Experiments in Nonconvex Optimization", 1990; Booth, Matyas, six-hump camel, and Goldstein
# and Price as in Jamil and Yang, "A Literature Survey of Benchmark Functions", 2013, arXiv:1308.4008. Rastrigin's and
# Ackley's functions, usually searched to ±5.12 and ±32, are shown around their minima. A quartic term bounds both
# saddles from below.
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
        Surface(
            "ackley",
            "20 + e − 20 exp(−0.2 √((x² + y²) / 2)) − exp((cos 2πx + cos 2πy) / 2)",
            _ackley,
            ((-2.25, 2.25), (-2.25, 2.25)),
            (-1.8, 1.35),
            ((0.0, 0.0),),
        ),
        Surface(
            "styblinski-tang",
            "(x⁴ − 16x² + 5x + y⁴ − 16y² + 5y) / 2",
            _styblinski_tang,
            ((-4.5, 4.5), (-4.5, 4.5)),
            (0.4, 4.2),
            ((-2.903534, -2.903534),),
        ),
        Surface(
            "six-hump-camel",
            "(4 − 2.1x² + x⁴/3) x² + xy + (4y² − 4) y²",
            _six_hump_camel,
            ((-2.0, 2.0), (-1.2, 1.2)),
            (-1.0, -1.05),
            ((0.089842, -0.712656), (-0.089842, 0.712656)),
        ),
        Surface(
            "booth",
            "(x + 2y − 7)² + (2x + y − 5)²",
            _booth,
            ((-10.0, 10.0), (-10.0, 10.0)),
            (-8.0, -5.0),
            ((1.0, 3.0),),
        ),
        Surface(
            "matyas",
            "0.26 (x² + y²) − 0.48 xy",
            _matyas,
            ((-10.0, 10.0), (-10.0, 10.0)),
            (-9.0, -3.0),
            ((0.0, 0.0),),
        ),
        Surface(
            "monkey-saddle",
            "x³ − 3xy² + (x² + y²)² / 2",
            _monkey_saddle,
            ((-2.0, 2.0), (-2.0, 2.0)),
            (1.7, 0.02),
            ((-1.5, 0.0), (0.75, 0.75 * 3**0.5), (0.75, -0.75 * 3**0.5)),
        ),
        Surface(
            "goldstein-price",
            "(1 + (x + y + 1)² (19 − 14x + 3x² − 14y + 6xy + 3y²))"
            " · (30 + (2x − 3y)² (18 − 32x + 12x² + 48y − 36xy + 27y²))",
            _goldstein_price,
            ((-2.0, 2.0), (-2.0, 2.0)),
            (-1.5, 0.5),
            ((0.0, -1.0),),
        ),
    )
}
