"""The forward process of diffusion models, and conversions between the quantities a network can predict.

At timestep t of a noise schedule, x_t = alpha_t · x_0 + sigma_t · ε with ε standard normal. Timestep 0 is the data,
the last timestep is (almost) pure noise. In the notation of Ho et al. 2020, alpha_t = √ᾱ_t and sigma_t = √(1 - ᾱ_t).
A schedule follows one of two paths in the plane of (alpha, sigma):

- variance preserving: alpha = cos(φ) and sigma = sin(φ), which preserves the variance of data of variance 1 (Ho et
  al. 2020); the schedule chooses the angle φ of each timestep;
- straight: alpha = 1 - τ and sigma = τ (Lipman et al., "Flow Matching for Generative Modeling", 2023,
  arXiv:2210.02747, section 4.1 with σ_min = 0; Liu et al., "Flow Straight and Fast", 2022, arXiv:2209.03003,
  equation 1; both with time reversed).

On both paths, alpha · sigma' - sigma · alpha' = 1, where ' is the derivative by the time along the path (φ or τ). So
the same formulas convert a prediction to x_0 and ε on both.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ScheduleName = Literal["linear", "cosine", "edm", "straight"]
Parameterization = Literal["noise", "velocity", "edm", "flow"]
TimeDistribution = Literal["uniform", "logit-normal", "log-normal"]
_MAX_BETA = 0.999  # Nichol and Dhariwal 2021, section 3.2
# Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, arXiv:2206.00364, table 1:
# the range of sigma / alpha and the exponent of its schedule; the mean and standard deviation of the logarithm of
# sigma / alpha in training; the standard deviation of the data, which are images scaled to [-1, 1].
_EDM_RANGE, _EDM_EXPONENT = (0.002, 80.0), 7.0
_EDM_LOG_MEAN, _EDM_LOG_STD = -1.2, 1.2
_EDM_DATA_STD = 0.5


class Coefficients(NamedTuple):
    """Coefficients of the forward process at one or several timesteps, of a shape that broadcasts against data.

    They are float64 arrays of numpy in a `NoiseSchedule`, and float32 arrays of jax in computations.

    Attributes:
        alpha: factor of x_0.
        sigma: factor of ε.
        alpha_derivative: derivative of alpha by the time along the path.
        sigma_derivative: derivative of sigma by the time along the path.
    """

    alpha: Any
    sigma: Any
    alpha_derivative: Any
    sigma_derivative: Any


class Prediction(NamedTuple):
    """Predicted x_0 and ε, each of the shape of x_t."""

    x0: jax.Array
    noise: jax.Array


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """The timesteps of a forward process.

    Attributes:
        times: time along the path at each timestep, float64 [timestep], 0 at timestep 0: the angle φ in radians, or
            τ on a straight path.
        straight: whether the path is straight (flow matching), not variance preserving.
    """

    times: np.ndarray
    straight: bool

    @property
    def last(self) -> int:
        """The last timestep, which has the most noise."""
        return len(self.times) - 1

    @functools.cached_property
    def coefficients(self) -> Coefficients:
        """The coefficients of all timesteps, each float64 [timestep]."""
        one = np.ones_like(self.times)
        if self.straight:
            return Coefficients(one - self.times, self.times, -one, one)
        cos, sin = np.cos(self.times), np.sin(self.times)
        return Coefficients(cos, sin, -sin, cos)

    @functools.cached_property
    def betas(self) -> np.ndarray:
        """The variance of the noise that each timestep adds, float64 [timestep]; 0 at timestep 0.

        x_t = √(1 - β_t) x_{t-1} + √β_t ε (Ho et al. 2020, equation 2).

        Raises:
            ValueError: the path is straight, which has no steps of this form.
        """
        if self.straight:
            raise ValueError("betas are defined for variance-preserving schedules only, got a straight path")
        alphas_bar = np.square(self.coefficients.alpha)
        return np.concatenate([[0.0], 1 - alphas_bar[1:] / alphas_bar[:-1]])

    def at(self, timestep: jax.Array, axes: int = 0) -> Coefficients:
        """Return the coefficients at timesteps, int [...], as float32 [...] followed by `axes` axes of length 1."""
        shape = (*jnp.shape(timestep), *[1] * axes)
        return Coefficients(*(jnp.asarray(each, jnp.float32)[timestep].reshape(shape) for each in self.coefficients))


@functools.cache
def noise_schedule(name: ScheduleName, timesteps: int) -> NoiseSchedule:
    """Return a noise schedule with `timesteps` timesteps after timestep 0.

    - linear: β grows linearly from 0.0001 to 0.02 over 1000 timesteps; with another number, both ends are scaled by
      1000 / timesteps (Ho et al., "Denoising Diffusion Probabilistic Models", 2020, arXiv:2006.11239, section 4).
    - cosine: the angle grows almost linearly (Nichol and Dhariwal, "Improved Denoising Diffusion
      Probabilistic Models", 2021, arXiv:2102.09672, equation 17, with s = 0.008).
    - edm: the seventh root of sigma / alpha grows linearly from that of 0.002 to that of 80 (Karras et al. 2022,
      equation 5).
    - straight: sigma grows linearly from 0 to 1, and alpha = 1 - sigma.
    """
    if name == "edm":
        low, high = (end ** (1 / _EDM_EXPONENT) for end in _EDM_RANGE)
        ratios = np.linspace(low, high, timesteps) ** _EDM_EXPONENT
        return NoiseSchedule(np.concatenate([[0.0], np.arctan(ratios)]), straight=False)
    if name == "straight":
        return NoiseSchedule(np.linspace(0.0, 1.0, timesteps + 1), straight=True)
    if name == "linear":
        betas = np.linspace(1e-4, 0.02, timesteps) * 1000 / timesteps
    else:
        alphas_bar = np.square(np.cos((np.linspace(0, 1, timesteps + 1) + 0.008) / 1.008 * math.pi / 2))
        betas = 1 - alphas_bar[1:] / alphas_bar[:-1]
    alphas_bar = np.cumprod(1 - np.minimum(betas, _MAX_BETA))
    angles = np.arctan2(np.sqrt(1 - alphas_bar), np.sqrt(alphas_bar))
    return NoiseSchedule(np.concatenate([[0.0], angles]), straight=False)


def sample_timesteps(distribution: TimeDistribution, schedule: NoiseSchedule, uniform: jax.Array) -> jax.Array:
    """Map uniform random numbers in [0, 1) to timesteps of training from 1 on, int32 of the same shape.

    - uniform: each timestep with the same probability.
    - logit-normal: the logit of timestep / timesteps is standard normal, so that middle timesteps are frequent (Esser
      et al., "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis", 2024, arXiv:2403.03206, section
      3.1, with m = 0 and s = 1).
    - log-normal: the logarithm of sigma / alpha is normal with mean -1.2 and standard deviation 1.2 (Karras et al.
      2022, table 1).
    """
    # Neither end has a finite quantile.
    quantiles = jax.scipy.special.ndtri(jnp.clip(uniform, 1e-6, 1 - 1e-6))
    if distribution == "log-normal":
        ratios = jnp.asarray(schedule.coefficients.sigma[1:] / schedule.coefficients.alpha[1:], jnp.float32)
        drawn = jnp.exp(_EDM_LOG_MEAN + _EDM_LOG_STD * quantiles)
        return 1 + jnp.minimum(jnp.searchsorted(ratios, drawn), schedule.last - 1).astype(jnp.int32)
    fractions = jax.nn.sigmoid(quantiles) if distribution == "logit-normal" else uniform
    return 1 + jnp.minimum((fractions * schedule.last).astype(jnp.int32), schedule.last - 1)


def network_input(parameterization: Parameterization, x: jax.Array, at: Coefficients) -> jax.Array:
    """Return what a network gets for x_t: x_t itself, or for edm x_t scaled to the variance 1.

    Reference: Karras et al. 2022, table 1, c_in, for x_t / alpha_t.
    """
    return x / jnp.sqrt(jnp.square(at.alpha * _EDM_DATA_STD) + jnp.square(at.sigma)) if parameterization == "edm" else x


def add_noise(x0: jax.Array, noise: jax.Array, coefficients: Coefficients) -> jax.Array:
    """Return x_t in closed form: a sample of q(x_t | x_0) where `noise` is standard normal.

    Reference: Ho et al. 2020, equation 4.
    """
    return coefficients.alpha * x0 + coefficients.sigma * noise


def target(parameterization: Parameterization, x0: jax.Array, noise: jax.Array, at: Coefficients) -> jax.Array:
    """Return the prediction target of a network.

    - noise: ε (Ho et al. 2020, equation 14).
    - velocity: v, the derivative of x_t by the angle on a variance-preserving path (Salimans and Ho, "Progressive
      Distillation for Fast Sampling of Diffusion Models", 2022, arXiv:2202.00512, section 4).
    - edm: x_0 minus its best linear estimate from x_t, scaled to the variance 1 (Karras et al. 2022, equation 8).
    - flow: the derivative of x_t by the time on a straight path (Lipman et al. 2023, equation 23).
    """
    if parameterization == "edm":
        skip, scale = _edm_scales(at)
        return (x0 - skip * add_noise(x0, noise, at)) / scale
    return noise if parameterization == "noise" else velocity(Prediction(x0, noise), at)


def velocity(prediction: Prediction, at: Coefficients) -> jax.Array:
    """Return the derivative of x_t by the time along the path."""
    return at.alpha_derivative * prediction.x0 + at.sigma_derivative * prediction.noise


def predict(parameterization: Parameterization, output: jax.Array, x: jax.Array, at: Coefficients) -> Prediction:
    """Convert a network's output for x_t to the predicted x_0 and ε; this inverts `target`."""
    if parameterization == "edm":
        skip, scale = _edm_scales(at)
        x0 = skip * x + scale * output
        return Prediction(x0, (x - at.alpha * x0) / at.sigma)
    if parameterization == "noise":
        return Prediction((x - at.sigma * output) / at.alpha, output)
    return Prediction(at.sigma_derivative * x - at.sigma * output, at.alpha * output - at.alpha_derivative * x)


def _edm_scales(at: Coefficients) -> tuple[jax.Array, jax.Array]:
    """Return the factors of x_t and of the network's output in the predicted x_0.

    These are c_skip / alpha and c_out of Karras et al. 2022, table 1, where x_t / alpha_t has noise of sigma / alpha.
    """
    total = jnp.square(at.alpha * _EDM_DATA_STD) + jnp.square(at.sigma)
    return at.alpha * _EDM_DATA_STD**2 / total, at.sigma * _EDM_DATA_STD / jnp.sqrt(total)


def clip_x0(prediction: Prediction, x: jax.Array, at: Coefficients, bound: float) -> Prediction:
    """Clip the predicted x_0 to [-bound, bound], the range of the data, and change ε so that both still give x_t.

    Where alpha is small, a small error in ε is a large one in x_0.
    """
    x0 = jnp.clip(prediction.x0, -bound, bound)
    return Prediction(x0, (x - at.alpha * x0) / jnp.maximum(at.sigma, 1e-6))
