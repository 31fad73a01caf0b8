"""Draws samples, batch by batch; `sample`, `eval` and figures want them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.errors import UsageError
from dlcli.nn import diffusion_samplers as samplers
from dlcli.nn.diffusion_samplers import Sampler
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import SamplerOptions

_BATCH = 100  # samples drawn at once


@dataclasses.dataclass(frozen=True)
class Manner:
    """How samples are drawn, as `SamplerOptions` has it, for one run.

    Attributes:
        sampler: the way back from noise.
        levels: to pass through, from noise to data.
        guidance_scale: 1 for a run that knows no classes.
        seed: of the noise.
    """

    sampler: Sampler
    levels: tuple[int, ...]
    guidance_scale: float
    seed: int

    def described(self) -> dict[str, object]:
        """Return it as JSON can hold it."""
        steps = len(self.levels) - 1
        return {
            "sampler": self.sampler,
            "sampler_steps": steps,
            "guidance_scale": self.guidance_scale,
            "seed": self.seed,
        }


def manner(learner: Learner, options: SamplerOptions, run: str) -> Manner:
    """Return how to draw from a run.

    Raises:
        UsageError: the options do not go together with how it was trained.
    """
    if options.sampler == "ddpm" and learner.noise_schedule.straight:
        raise UsageError(
            f"--sampler ddpm needs a run of noise or velocity, and {run} is of a flow, which has no noising steps",
            hint="--sampler euler and heun follow a flow",
        )
    if options.sampler_steps > learner.timesteps:
        raise UsageError(
            f"--sampler-steps must be at most the {learner.timesteps} --timesteps of {run}, got {options.sampler_steps}"
        )
    if options.guidance_scale != 1 and not learner.conditional:
        raise UsageError(
            f"--guidance-scale {options.guidance_scale:g} needs a conditional run, and {run} is none",
            hint="dlcli train diffusion --conditional makes one",
        )
    levels = samplers.timesteps(learner.noise_schedule, options.sampler_steps)
    return Manner(options.sampler, tuple(levels.tolist()), options.guidance_scale, options.seed)


def draw(learner: Learner, count: int, label: np.ndarray | None, how: Manner) -> np.ndarray:
    """Draw so many samples: uint8 images [sample, height, width, channel] or float32 points [sample, 2].

    Sample i is the same whatever the count.

    Args:
        learner: a trained one.
        count: of samples.
        label: int [count], the class of each, or None for any.
        how: to draw.
    """
    graph, state = nnx.split(learner)

    @jax.jit
    def drawn(state: nnx.State, noise: jax.Array, label: jax.Array | None, key: jax.Array) -> jax.Array:
        learner = nnx.merge(graph, state)
        denoise = learner.denoiser(label, how.guidance_scale)
        states, _ = samplers.sample_loop(how.sampler, denoise, learner.noise_schedule, np.array(how.levels), noise, key)
        return learner.domain.decode(states[-1])

    batches = []
    for number, noise in enumerate(_noise(learner, count, how.seed)):
        labels = None if label is None else _filled(label[number * _BATCH : (number + 1) * _BATCH])
        key = jax.random.fold_in(jax.random.key(how.seed), number)
        batches.append(np.asarray(drawn(state, noise, labels, key)))
    return np.concatenate(batches)[:count]


def walked(learner: Learner, noise: np.ndarray, label: np.ndarray | None, how: Manner) -> tuple[np.ndarray, np.ndarray]:
    """Return all states on the way back and what each step took for the data, both [step, sample, ...].

    They are as the network sees them. The first state is the noise itself, so there is one more of them.
    """
    denoise = learner.denoiser(None if label is None else jnp.asarray(label), how.guidance_scale)
    walk = jax.jit(
        lambda noise: samplers.sample_loop(
            how.sampler, denoise, learner.noise_schedule, np.array(how.levels), noise, jax.random.key(how.seed)
        )
    )
    states, thought = walk(jnp.asarray(noise))
    return np.concatenate([noise[None], np.asarray(states)]), np.asarray(thought.x0)


def noise_of(learner: Learner, count: int, seed: int) -> np.ndarray:
    """Return what the samples of a seed are made of, float32 [count, ...]."""
    return np.concatenate(list(_noise(learner, count, seed)))[:count]


def _noise(learner: Learner, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield standard normal numbers for whole batches, all of one shape."""
    for number in range(-(-count // _BATCH)):
        drawn = np.random.default_rng([seed, number]).standard_normal([_BATCH, *learner.domain.shape])
        yield drawn.astype(np.float32)


def _filled(label: np.ndarray) -> np.ndarray:
    return np.pad(label, (0, _BATCH - len(label)))
