"""Samplers of diffusion models: they integrate the reverse process from noise to data (see `dlcli.nn.diffusion`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.nn.diffusion import Coefficients, NoiseSchedule, Prediction, add_noise, velocity

Sampler = Literal["ddpm", "ddim", "euler", "heun"]
Denoiser = Callable[[jax.Array, jax.Array], Prediction]  # maps x_t and its timestep, int32 []


class _Step(NamedTuple):
    """One step of the reverse process: coefficients at both ends, and the change of the time along the path."""

    next_timestep: jax.Array
    current: Coefficients
    next: Coefficients
    delta: jax.Array


def timesteps(schedule: NoiseSchedule, steps: int) -> np.ndarray:
    """Return `steps` + 1 evenly spaced timesteps from the last one to 0, int32 [steps + 1].

    Raises:
        ValueError: the schedule has fewer timesteps than `steps`.
    """
    if not 1 <= steps <= schedule.last:
        raise ValueError(f"steps must be from 1 to {schedule.last}, the timesteps of the schedule, got {steps}")
    return np.rint(np.linspace(schedule.last, 0, steps + 1)).astype(np.int32)


def sample_loop(
    sampler: Sampler,
    denoise: Denoiser,
    schedule: NoiseSchedule,
    timesteps: np.ndarray,
    noise: jax.Array,
    key: jax.Array,
) -> tuple[jax.Array, Prediction]:
    """Run the reverse process from noise to data.

    - ddpm: samples each state from the posterior given the previous state and the predicted x_0 (Ho et al. 2020,
      equations 6 and 7, for any two timesteps of a variance-preserving schedule); the only sampler that uses `key`.
    - ddim: combines the predicted x_0 and ε with the coefficients of the next timestep (Song, Meng and Ermon,
      "Denoising Diffusion Implicit Models", 2021, arXiv:2010.02502, equation 12 with η = 0).
    - euler: Euler's method on the derivative of x_t. On a straight path it equals ddim.
    - heun: Heun's method: the mean of the derivatives at both ends, with two network evaluations per step; the last
      step is Euler's, since timestep 0 is not trained (Karras et al., "Elucidating the Design Space of
      Diffusion-Based Generative Models", 2022, arXiv:2206.00364, algorithm 1).

    Args:
        sampler: one of the names above.
        denoise: predicts x_0 and ε from x_t and its timestep.
        schedule: the schedule that the denoiser was trained with.
        timesteps: decreasing, int [step + 1]; see `timesteps`.
        noise: x at the first timestep, [...].
        key: random key.

    Returns:
        The states after each step, [step, ...], and the prediction at the start of each step, each [step, ...]. In a
        compiled caller that uses only the last state, XLA removes the others.

    Raises:
        ValueError: ddpm on a straight path.
    """
    if sampler == "ddpm" and schedule.straight:
        raise ValueError("ddpm needs a variance-preserving schedule, got a straight path; use ddim, euler or heun")

    def step(x: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, tuple[jax.Array, Prediction]]:
        x, prediction = reverse_step(sampler, denoise, schedule, x, *pair, jax.random.fold_in(key, pair[0]))
        return x, (x, prediction)

    _, visited = jax.lax.scan(step, noise, pairs(timesteps))
    return visited


def pairs(timesteps: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """Return the timesteps at the start and at the end of each step, int32 [step] each."""
    return jnp.asarray(timesteps[:-1], jnp.int32), jnp.asarray(timesteps[1:], jnp.int32)


def reverse_step(
    sampler: Sampler,
    denoise: Denoiser,
    schedule: NoiseSchedule,
    x: jax.Array,
    timestep: jax.Array,
    following: jax.Array,
    key: jax.Array,
) -> tuple[jax.Array, Prediction]:
    """Return x after a step of the reverse process from a timestep to a following, smaller one, and the prediction.

    The other arguments are those of `sample_loop`.
    """
    times = jnp.asarray(schedule.times, jnp.float32)
    delta = times[following] - times[timestep]
    between = _Step(following, schedule.at(timestep), schedule.at(following), delta)
    prediction = denoise(x, timestep)
    advance = {"ddpm": _ddpm, "ddim": _ddim, "euler": _euler, "heun": _heun}[sampler]
    return advance(between, denoise, x, prediction, key), prediction


def _ddpm(step: _Step, denoise: Denoiser, x: jax.Array, prediction: Prediction, key: jax.Array) -> jax.Array:
    current, following = step.current, step.next
    alpha = current.alpha / following.alpha  # of the transition between the two timesteps
    beta = 1 - jnp.square(alpha)
    ratio = jnp.square(following.sigma / current.sigma)
    mean = following.alpha * beta / jnp.square(current.sigma) * prediction.x0 + alpha * ratio * x
    # Drawn flat: the same values drawn over four axes take XLA on the CPU much longer to compile.
    noise = jax.random.normal(key, [x.size]).reshape(x.shape)
    return mean + jnp.sqrt(beta * ratio) * noise


def _ddim(step: _Step, denoise: Denoiser, x: jax.Array, prediction: Prediction, key: jax.Array) -> jax.Array:
    return add_noise(prediction.x0, prediction.noise, step.next)


def _euler(step: _Step, denoise: Denoiser, x: jax.Array, prediction: Prediction, key: jax.Array) -> jax.Array:
    return x + step.delta * velocity(prediction, step.current)


def _heun(step: _Step, denoise: Denoiser, x: jax.Array, prediction: Prediction, key: jax.Array) -> jax.Array:
    first = velocity(prediction, step.current)
    euler = x + step.delta * first
    second = velocity(denoise(euler, step.next_timestep), step.next)
    return jnp.where(step.next_timestep > 0, x + step.delta * (first + second) / 2, euler)
