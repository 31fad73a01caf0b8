"""Generates samples with a trained diffusion model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from dlcli.data import domains
from dlcli.nn import diffusion_samplers as samplers
from dlcli.nn import functional
from dlcli.nn.diffusion import Prediction
from dlcli.nn.diffusion_samplers import Sampler
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import SamplerOptions

BATCH = 100  # samples per batch
_NAMES: dict[Sampler, str] = {"ddpm": "DDPM", "ddim": "DDIM", "euler": "Euler", "heun": "Heun"}


@dataclasses.dataclass(frozen=True)
class SamplerConfig:
    """How samples of a run are generated.

    Attributes:
        sampler: name of the sampler.
        timesteps: decreasing timesteps, from noise to data.
        guidance_scale: classifier-free guidance scale; 1: none.
        seed: seed of the noise.
    """

    sampler: Sampler
    timesteps: tuple[int, ...]
    guidance_scale: float
    seed: int

    @classmethod
    def of(cls, learner: Learner, options: SamplerOptions) -> SamplerConfig:
        """Return the configuration of these options for a run."""
        timesteps = samplers.timesteps(learner.noise_schedule, options.sampler_steps)
        return cls(options.sampler, tuple(timesteps.tolist()), options.guidance_scale, options.seed)

    @property
    def steps(self) -> int:
        """Number of sampling steps."""
        return len(self.timesteps) - 1

    def described(self) -> dict[str, object]:
        """Return the configuration as JSON."""
        return {
            "sampler": self.sampler,
            "sampler_steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "seed": self.seed,
        }

    def __str__(self) -> str:
        """Return the configuration in words, such as "DDIM, 50 steps"."""
        guidance = f", guidance scale {self.guidance_scale:g}" if self.guidance_scale != 1 else ""
        return f"{_NAMES[self.sampler]}, {self.steps} steps{guidance}"


def generate(learner: Learner, count: int, label: np.ndarray | None, config: SamplerConfig) -> np.ndarray:
    """Generate samples: uint8 images [sample, height, width, channel] or float32 points [sample, 2].

    Sample i does not depend on the count.

    Args:
        learner: a trained learner.
        count: number of samples.
        label: class of each sample, int [count], or None for unconditional samples.
        config: how to sample.
    """
    return generator(learner, config)(count, label, config.seed)


def generator(learner: Learner, config: SamplerConfig) -> Callable[[int, np.ndarray | None, int], np.ndarray]:
    """Return a compiled function from a count, labels and a seed to what `generate` returns.

    The seed of the configuration has no effect on it.
    """

    def sample(learner: Learner, noise: jax.Array, label: jax.Array | None, key: jax.Array) -> jax.Array:
        states, _ = _loop(learner, noise, label, config, key)
        return learner.domain.decode(states[-1])

    compiled = functional.jit(sample, learner)

    def generated(count: int, label: np.ndarray | None, seed: int) -> np.ndarray:
        key, noise = jax.random.key(seed), initial_noise(learner, count, seed)
        return domains.generate(
            lambda noise, label, number: compiled(noise, label, jax.random.fold_in(key, number)), noise, label, BATCH
        )

    return generated


def trajectory(
    learner: Learner, noise: np.ndarray, label: np.ndarray | None, config: SamplerConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return the states of the reverse process and the predicted x_0 of each step, both [step, sample, ...].

    Both are as the network processes them, not decoded. The first state is the noise, so there is one more state than
    predictions.
    """
    several = None if label is None else label[None]
    states, x0 = trajectories(learner, config)(noise[None], several, np.array([config.seed]))
    return states[0], x0[0]


def trajectories(
    learner: Learner, config: SamplerConfig
) -> Callable[[np.ndarray, np.ndarray | None, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a compiled function of several sets of samples: what `trajectory` returns of each, [set, step, ...].

    Its arguments are the noise, [set, sample, ...], the classes, int [set, sample], or None, and a seed per set. The
    seed of the configuration has no effect on it.
    """

    def run(
        learner: Learner, noise: jax.Array, label: jax.Array | None, seed: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        def one(noise: jax.Array, label: jax.Array | None, seed: jax.Array) -> tuple[jax.Array, jax.Array]:
            states, prediction = _loop(learner, noise, label, config, jax.random.key(seed))
            return states, prediction.x0

        return jax.vmap(one)(noise, label, seed)

    compiled = functional.jit(run, learner)

    def computed(noise: np.ndarray, label: np.ndarray | None, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        states, x0 = compiled(noise, label, seed)
        return np.concatenate([noise[:, None], np.asarray(states)], axis=1), np.asarray(x0)

    return computed


def initial_noise(learner: Learner, count: int, seed: int) -> np.ndarray:
    """Return the noise that the samples of a seed start from, float32 [count, ...]."""
    # Drawn batch by batch, so that the noise of a sample does not depend on the count.
    batches = [
        np.random.default_rng([seed, number]).standard_normal([BATCH, *learner.domain.shape])
        for number in range(-(-count // BATCH))
    ]
    return np.concatenate(batches)[:count].astype(np.float32)


def _loop(
    learner: Learner, noise: jax.Array, label: jax.Array | None, config: SamplerConfig, key: jax.Array
) -> tuple[jax.Array, Prediction]:
    denoise, timesteps = learner.denoiser(label, config.guidance_scale), np.array(config.timesteps)
    return samplers.sample_loop(config.sampler, denoise, learner.noise_schedule, timesteps, noise, key)
