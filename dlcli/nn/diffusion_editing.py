"""Samples of a diffusion model that start from an image, or that keep a part of it."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.nn.diffusion import NoiseSchedule, add_noise
from dlcli.nn.diffusion_samplers import Denoiser, Sampler, pairs, reverse_step, sample_loop


class ReverseProcess(NamedTuple):
    """A reverse process, as `sample_loop` takes its parts.

    Attributes:
        sampler: name of the sampler.
        denoise: predicts x_0 and ε from x_t and its timestep.
        schedule: the schedule that the denoiser was trained with.
        timesteps: decreasing, int [step + 1], to 0; an image starts with the noise of the first one.
    """

    sampler: Sampler
    denoise: Denoiser
    schedule: NoiseSchedule
    timesteps: np.ndarray


def last_timesteps(timesteps: np.ndarray, strength: float) -> np.ndarray:
    """Return the last timesteps of a sampler, at which an image of this strength of noise starts.

    Args:
        timesteps: decreasing, int [step + 1].
        strength: fraction of the steps to make, at least one; in (0, 1].
    """
    steps = max(1, round(strength * (len(timesteps) - 1)))
    return timesteps[-steps - 1 :]


def edit_loop(
    process: ReverseProcess,
    image: jax.Array,
    noise: jax.Array,
    key: jax.Array,
) -> jax.Array:
    """Add noise to an image up to the first timestep, and run the reverse process from there.

    Reference: Meng et al., "SDEdit: Guided Image Synthesis and Editing with Stochastic Differential Equations", 2021,
    arXiv:2108.01073, algorithm 2.

    Args:
        process: from the timestep whose noise is added.
        image: x_0, of a shape that broadcasts against `noise`.
        noise: standard normal, [...].
        key: random key.

    Returns:
        x_0 of the shape of `noise`.
    """
    start = add_noise(image, noise, process.schedule.at(jnp.asarray(process.timesteps[0])))
    states, _ = sample_loop(*process, start, key)
    return states[-1]


def inpaint_loop(
    process: ReverseProcess,
    image: jax.Array,
    mask: jax.Array,
    noise: jax.Array,
    key: jax.Array,
    resamplings: int,
) -> jax.Array:
    """Generate the masked part of an image, and keep the rest.

    After each step, the known part of x_t is replaced by the image with noise of that timestep (Song et al.,
    "Score-Based Generative Modeling through Stochastic Differential Equations", 2020, arXiv:2011.13456, appendix I.2).
    For the generated part to agree with the known one, each step is made `resamplings` times: between them, the forward
    process leads back to the start of the step (Lugmayr et al., "RePaint: Inpainting using Denoising Diffusion
    Probabilistic Models", 2022, arXiv:2201.09865, algorithm 1).

    Args:
        process: from the timestep whose noise is added.
        image: x_0, of a shape that broadcasts against `noise`.
        mask: bool, of a shape that broadcasts against `noise`; True where an image is generated.
        noise: standard normal, [...].
        key: random key.
        resamplings: how often each step is made; 1: no resampling.

    Returns:
        x_0 of the shape of `noise`.
    """
    sampler, denoise, schedule, timesteps = process

    def normal(key: jax.Array) -> jax.Array:
        # Drawn flat: the same values drawn over four axes take XLA on the CPU much longer to compile.
        return jax.random.normal(key, [noise.size]).reshape(noise.shape)

    def step(x: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        timestep, following = pair
        step_key = jax.random.fold_in(key, timestep)

        def once(x: jax.Array, number: jax.Array | int) -> jax.Array:
            reverse_key, known_key = jax.random.split(jax.random.fold_in(step_key, 2 * number))
            x, _ = reverse_step(sampler, denoise, schedule, x, timestep, following, reverse_key)
            return jnp.where(mask, x, add_noise(image, normal(known_key), schedule.at(following)))

        def again(number: jax.Array, x: jax.Array) -> jax.Array:
            back = normal(jax.random.fold_in(step_key, 2 * number + 1))
            return forward_step(schedule, once(x, number), following, timestep, back)

        x = jax.lax.fori_loop(0, resamplings - 1, again, x)
        return once(x, resamplings - 1), None

    start = add_noise(image, noise, process.schedule.at(jnp.asarray(process.timesteps[0])))
    x, _ = jax.lax.scan(step, start, pairs(timesteps))
    return x


def forward_step(
    schedule: NoiseSchedule, x: jax.Array, timestep: jax.Array, following: jax.Array, noise: jax.Array
) -> jax.Array:
    """Return x of a following, larger timestep of the forward process.

    The mean is x · alpha' / alpha, and the variance what is missing to sigma'² (Ho et al. 2020, equation 2, for any two
    timesteps).
    """
    now, then = schedule.at(timestep), schedule.at(following)
    factor = then.alpha / now.alpha
    variance = jnp.square(then.sigma) - jnp.square(factor * now.sigma)
    return factor * x + jnp.sqrt(jnp.maximum(variance, 0.0)) * noise
