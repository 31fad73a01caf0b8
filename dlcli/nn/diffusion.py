"""How data drown in noise, and what a network that undoes it may learn: pure functions of numbers.

At level t of a path, x_t = signal_t · x_0 + noise_t · ε with ε standard normal; level 0 is the data,
the last level (nearly) noise alone. A path is the curve that (signal, noise) takes:

- an arc, signal = cos(angle) and noise = sin(angle), which keeps the variance of data of variance 1
  (Ho et al. 2020); a schedule says which angle belongs to which level;
- a straight line, signal = 1 - u and noise = u (Lipman et al., "Flow Matching for Generative
  Modeling", 2023, arXiv:2210.02747, section 4.1 with the least deviation 0; Liu et al., "Flow
  Straight and Fast", 2022, arXiv:2209.03003, equation 1, both with time reversed).

Along either, signal · noise' - noise · signal' = 1. So one pair of formulas turns what a network
says of x_t into x_0 and ε, whatever the path.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Schedule = Literal["linear", "cosine", "straight"]
Parameterization = Literal["noise", "velocity", "flow"]
_MOST_BETA = 0.999  # Nichol and Dhariwal 2021, section 3.2: a step keeps some of the signal


class Rates(NamedTuple):
    """What a level is made of, each of a shape that broadcasts against data.

    Attributes:
        signal, noise: factors of x_0 and of ε.
        signal_slope, noise_slope: their derivatives along the path.
    """

    signal: jax.Array
    noise: jax.Array
    signal_slope: jax.Array
    noise_slope: jax.Array


class Estimate(NamedTuple):
    """What x_t is thought to be mixed of, each of its shape: x_0 and ε."""

    clean: jax.Array
    noise: jax.Array


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """Levels of noise along an arc or a straight line.

    Attributes:
        places: float64 [level], from 0 for the data: the angle on an arc, the share of noise on a line.
        straight: whether it is a line.
    """

    places: np.ndarray
    straight: bool

    @property
    def last(self) -> int:
        """The number of the last level, that of the most noise."""
        return len(self.places) - 1

    @functools.cached_property
    def rates(self) -> Rates:
        """The rates of all levels, each float64 [level]."""
        one = np.ones_like(self.places)
        if self.straight:
            return Rates(one - self.places, self.places, -one, one)
        cos, sin = np.cos(self.places), np.sin(self.places)
        return Rates(cos, sin, -sin, cos)

    @functools.cached_property
    def betas(self) -> np.ndarray:
        """The variance of the noise that comes in from each level's predecessor, float64 [level]; 0 at level 0.

        x_t = √(1 - β_t) x_{t-1} + √β_t ε (Ho et al. 2020, equation 2).

        Raises:
            ValueError: the path is a straight line, which single steps of this form do not make.
        """
        if self.straight:
            raise ValueError("single noising steps must be those of an arc, got a straight path")
        signals = np.square(self.rates.signal)
        return np.concatenate([[0.0], 1 - signals[1:] / signals[:-1]])

    def at(self, level: jax.Array, axes: int = 0) -> Rates:
        """Return the rates of levels, int [...], as float32 [...] with so many axes of length 1 behind."""
        shape = (*jnp.shape(level), *[1] * axes)
        return Rates(*(jnp.asarray(rate, jnp.float32)[level].reshape(shape) for rate in self.rates))


@functools.cache
def path(schedule: Schedule, levels: int) -> Path:
    """Return a path of so many levels above that of the data.

    - linear: β grows evenly from 0.0001 to 0.02 over 1000 levels; with fewer or more, both ends
      grow or shrink in proportion (Ho et al., "Denoising Diffusion Probabilistic Models", 2020,
      arXiv:2006.11239, section 4).
    - cosine: the angle grows almost evenly (Nichol and Dhariwal, "Improved Denoising Diffusion
      Probabilistic Models", 2021, arXiv:2102.09672, equation 17, with s = 0.008).
    - straight: the share of noise grows evenly.
    """
    if schedule == "straight":
        return Path(np.linspace(0.0, 1.0, levels + 1), straight=True)
    if schedule == "linear":
        betas = np.linspace(1e-4, 0.02, levels) * 1000 / levels
    else:
        signal = np.square(np.cos((np.linspace(0, 1, levels + 1) + 0.008) / 1.008 * math.pi / 2))
        betas = 1 - signal[1:] / signal[:-1]
    signal = np.cumprod(1 - np.minimum(betas, _MOST_BETA))
    angles = np.arctan2(np.sqrt(1 - signal), np.sqrt(signal))
    return Path(np.concatenate([[0.0], angles]), straight=False)


def mix(clean: jax.Array, noise: jax.Array, rates: Rates) -> jax.Array:
    """Return x_t in closed form: a draw from q(x_t | x_0) if `noise` is standard normal.

    Reference: Ho et al. 2020, equation 4.
    """
    return rates.signal * clean + rates.noise * noise


def target(kind: Parameterization, clean: jax.Array, noise: jax.Array, rates: Rates) -> jax.Array:
    """Return what a network is to say of x_t.

    - noise: ε itself (Ho et al. 2020, equation 14).
    - velocity: the derivative of x_t by the angle, on an arc (Salimans and Ho, "Progressive
      Distillation for Fast Sampling of Diffusion Models", 2022, arXiv:2202.00512, section 4).
    - flow: the derivative of x_t by the share of noise, on a line (Lipman et al. 2023, equation 23).
    """
    return noise if kind == "noise" else slope(Estimate(clean, noise), rates)


def slope(mixed: Estimate, rates: Rates) -> jax.Array:
    """Return the derivative of x_t along the path."""
    return rates.signal_slope * mixed.clean + rates.noise_slope * mixed.noise


def estimate(kind: Parameterization, said: jax.Array, x: jax.Array, rates: Rates) -> Estimate:
    """Undo `target`: return x_0 and ε by what a network says of x_t."""
    if kind == "noise":
        return Estimate((x - rates.noise * said) / rates.signal, said)
    return Estimate(rates.noise_slope * x - rates.noise * said, rates.signal * said - rates.signal_slope * x)


def bounded(mixed: Estimate, x: jax.Array, rates: Rates, bound: float) -> Estimate:
    """Keep x_0 within [-bound, bound], where all data lie, and let ε be what makes x_t of it.

    Where hardly any signal is left, a small error in ε is a large one in x_0.
    """
    clean = jnp.clip(mixed.clean, -bound, bound)
    return Estimate(clean, (x - rates.signal * clean) / jnp.maximum(rates.noise, 1e-6))
