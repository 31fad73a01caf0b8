"""Ways back from noise to data along the levels of a path (see `dlcli.nn.diffusion`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.nn.diffusion import Estimate, Path, Rates, mix, slope

Sampler = Literal["ddpm", "ddim", "euler", "heun"]
Denoiser = Callable[[jax.Array, jax.Array], Estimate]  # from x_t and its level, int32 []


class _Step(NamedTuple):
    """From one level to a lower one: the level it leads to, rates at both, and the distance along the path."""

    level: jax.Array
    here: Rates
    there: Rates
    distance: jax.Array


def ladder(path: Path, steps: int) -> np.ndarray:
    """Return the levels of a way back in so many steps, evenly spaced: int32 [steps + 1], from the last to 0.

    Raises:
        ValueError: the path has fewer levels.
    """
    if not 1 <= steps <= path.last:
        raise ValueError(f"steps must be from 1 to {path.last}, the levels of the path, got {steps}")
    return np.rint(np.linspace(path.last, 0, steps + 1)).astype(np.int32)


def walk(
    name: Sampler, denoise: Denoiser, path: Path, levels: np.ndarray, start: jax.Array, key: jax.Array
) -> tuple[jax.Array, Estimate]:
    """Go back from noise, level by level.

    - ddpm: each state is drawn given the last one and the estimate of x_0 (Ho et al. 2020, equations
      6 and 7, between any two levels of an arc); the only one that needs `key`.
    - ddim: each state is mixed anew of the estimates of x_0 and ε (Song, Meng and Ermon, "Denoising
      Diffusion Implicit Models", 2021, arXiv:2010.02502, equation 12 with η = 0).
    - euler: a step of that length along the derivative of x_t. On a line it is the same as ddim.
    - heun: likewise, along the mean of the derivatives at both ends; two estimates a step, but the
      last is Euler's, since the data's level is never learnt (Karras et al., "Elucidating the
      Design Space of Diffusion-Based Generative Models", 2022, arXiv:2206.00364, algorithm 1).

    Args:
        name: of the sampler.
        denoise: says what x_t is mixed of.
        path: that the denoiser was trained on.
        levels: to pass through, int [step + 1], falling; see `ladder`.
        start: x at the first of them, [...].
        key: of the random numbers.

    Returns:
        The states at the levels after the first, [step, ...], and what each step thought its start
        was mixed of, likewise. A compiled caller that uses the last one only pays for no others.

    Raises:
        ValueError: ddpm on a straight path.
    """
    if name == "ddpm" and path.straight:
        raise ValueError("ddpm must have a path of single noising steps, got a straight one; take ddim, euler or heun")
    move = {"ddpm": _ddpm, "ddim": _ddim, "euler": _euler, "heun": _heun}[name]

    def step(x: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, tuple[jax.Array, Estimate]]:
        level, lower = pair
        places = jnp.asarray(path.places, jnp.float32)
        between = _Step(lower, path.at(level), path.at(lower), places[lower] - places[level])
        thought = denoise(x, level)
        after = move(between, denoise, x, thought, jax.random.fold_in(key, level))
        return after, (after, thought)

    levels = jnp.asarray(levels, jnp.int32)
    _, visited = jax.lax.scan(step, start, (levels[:-1], levels[1:]))
    return visited


def _ddpm(step: _Step, denoise: Denoiser, x: jax.Array, thought: Estimate, key: jax.Array) -> jax.Array:
    here, there = step.here, step.there
    kept = here.signal / there.signal
    added = 1 - jnp.square(kept)  # variance that came in between the two levels
    share = jnp.square(there.noise / here.noise)
    mean = there.signal * added / jnp.square(here.noise) * thought.clean + kept * share * x
    # Drawn flat: the same numbers drawn in four axes take XLA on the CPU much longer to compile.
    fresh = jax.random.normal(key, [x.size]).reshape(x.shape)
    return mean + jnp.sqrt(added * share) * fresh


def _ddim(step: _Step, denoise: Denoiser, x: jax.Array, thought: Estimate, key: jax.Array) -> jax.Array:
    return mix(thought.clean, thought.noise, step.there)


def _euler(step: _Step, denoise: Denoiser, x: jax.Array, thought: Estimate, key: jax.Array) -> jax.Array:
    return x + step.distance * slope(thought, step.here)


def _heun(step: _Step, denoise: Denoiser, x: jax.Array, thought: Estimate, key: jax.Array) -> jax.Array:
    first = slope(thought, step.here)
    ahead = x + step.distance * first
    second = slope(denoise(ahead, step.level), step.there)
    return jnp.where(step.level > 0, x + step.distance * (first + second) / 2, ahead)
