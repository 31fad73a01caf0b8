import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn import diffusion_editing as editing
from dlcli.nn import diffusion_samplers as samplers
from dlcli.nn.diffusion import Prediction, add_noise, noise_schedule

CORRELATION, KEY = 0.8, jax.random.key(3)
COVARIANCE = np.array([[1, CORRELATION], [CORRELATION, 1]])


def exact(schedule):
    """The optimal denoiser of two correlated normal variables, x_t [..., 2]."""

    def denoise(x, timestep):
        at = schedule.at(timestep)
        covariance = jnp.asarray(COVARIANCE, jnp.float32)
        gain = (
            at.alpha
            * covariance
            @ jnp.linalg.inv(jnp.square(at.alpha) * covariance + jnp.square(at.sigma) * jnp.eye(2))
        )
        x0 = jnp.einsum("ij,...j->...i", gain, x)
        return Prediction(x0, (x - at.alpha * x0) / jnp.maximum(at.sigma, 1e-6))

    return denoise


def process(sampler, schedule, steps=50, strength=1.0):
    timesteps = editing.last_timesteps(samplers.timesteps(schedule, steps), strength)
    return editing.ReverseProcess(sampler, exact(schedule), schedule, timesteps)


@pytest.mark.parametrize(
    ("strength", "expected"), [(1.0, [50, 40, 30, 20, 10, 0]), (0.4, [20, 10, 0]), (0.01, [10, 0])]
)
def test_strength_is_the_fraction_of_the_steps_that_are_made(strength, expected):
    timesteps = samplers.timesteps(noise_schedule("cosine", 50), 5)
    np.testing.assert_array_equal(editing.last_timesteps(timesteps, strength), expected)


def test_the_more_strength_the_less_remains_of_the_image():
    schedule, noise = noise_schedule("cosine", 200), jax.random.normal(jax.random.key(0), [2_000, 2])
    image = jnp.array([[3.0, 2.4]])
    means = []
    for strength in (0.1, 0.5, 1.0):
        of = process("ddim", schedule, 50, strength)
        edit = jax.jit(functools.partial(editing.edit_loop, of, image))
        means.append(np.asarray(edit(noise, KEY)).mean())
    assert means[0] == pytest.approx(2.7, abs=0.1)
    assert means[0] > means[1] > means[2] > -0.1
    assert means[2] < 0.1


@pytest.mark.parametrize(("sampler", "schedule"), [("ddpm", "cosine"), ("ddim", "straight")])
def test_the_known_part_is_kept_exactly(sampler, schedule):
    noise, mask = jax.random.normal(jax.random.key(0), [20, 2]), jnp.array([[False, True]])
    of = process(sampler, noise_schedule(schedule, 50), 5)
    found = jax.jit(lambda noise: editing.inpaint_loop(of, jnp.array([[0.7, 9.0]]), mask, noise, KEY, 2))(noise)
    np.testing.assert_allclose(found[:, 0], 0.7, rtol=1e-6)
    assert np.std(found[:, 1]) > 0.1


def test_resampling_brings_the_generated_part_to_the_conditional_distribution():
    noise, mask = jax.random.normal(jax.random.key(0), [4_000, 2]), jnp.array([[False, True]])
    of = process("ddpm", noise_schedule("cosine", 100), 50)
    errors = {}
    for resamplings in (1, 10):
        inpaint = jax.jit(
            lambda noise, n=resamplings: editing.inpaint_loop(of, jnp.array([[1.5, 0.0]]), mask, noise, KEY, n)[:, 1]
        )
        errors[resamplings] = abs(np.asarray(inpaint(noise)).mean() - CORRELATION * 1.5)
    assert errors[10] < 0.08
    assert errors[10] < errors[1]


@pytest.mark.parametrize("name", ["linear", "straight"])
def test_a_forward_step_leads_to_the_marginal_of_its_timestep(name):
    schedule, generator = noise_schedule(name, 100), np.random.default_rng(0)
    first, second = jnp.asarray(generator.standard_normal([2, 50_000]), jnp.float32)
    at_20 = add_noise(jnp.float32(2.0), first, schedule.at(jnp.asarray(20)))
    at_70 = editing.forward_step(schedule, at_20, jnp.asarray(20), jnp.asarray(70), second)
    expected = schedule.at(jnp.asarray(70))
    assert float(at_70.mean()) == pytest.approx(2 * float(expected.alpha), abs=0.02)
    assert float(at_70.std()) == pytest.approx(float(expected.sigma), rel=0.02)
