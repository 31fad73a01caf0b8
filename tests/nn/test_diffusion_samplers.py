import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn import diffusion_samplers as samplers
from dlcli.nn.diffusion import Prediction, noise_schedule

MEAN, STD = 0.7, 0.3
ALL = [
    (name, schedule)
    for schedule in ("linear", "cosine", "straight")
    for name in ("ddpm", "ddim", "euler", "heun")
    if (name, schedule) != ("ddpm", "straight")
]


def exact(schedule):
    """The optimal denoiser of normal data: the expectations of x_0 and ε given x_t."""

    def denoise(x, timestep):
        at = schedule.at(timestep)
        variance = (at.alpha * STD) ** 2 + at.sigma**2
        x0 = MEAN + at.alpha * STD**2 / variance * (x - at.alpha * MEAN)
        return Prediction(x0, at.sigma / variance * (x - at.alpha * MEAN))

    return denoise


def sampled(name, schedule, steps, noise, seed=0):
    timesteps = samplers.timesteps(schedule, steps)
    run = jax.jit(
        lambda noise, key: samplers.sample_loop(name, exact(schedule), schedule, timesteps, noise, key)[0][-1]
    )
    return run(noise, jax.random.key(seed))


def exact_flow(schedule, x):
    """Where the exact flow of normal data maps x of the last timestep."""
    alpha, sigma = schedule.coefficients.alpha[-1], schedule.coefficients.sigma[-1]
    return MEAN + STD * (x - alpha * MEAN) / np.hypot(alpha * STD, sigma)


@pytest.mark.parametrize(("name", "schedule"), ALL)
def test_every_sampler_draws_normal_data_of_the_right_moments(name, schedule):
    count = 20_000
    drawn = np.asarray(sampled(name, noise_schedule(schedule, 200), 200, jax.random.normal(jax.random.key(1), [count])))
    # Five standard errors, plus the discretization error of 200 first-order steps.
    assert drawn.mean() == pytest.approx(MEAN, abs=5 * STD / np.sqrt(count) + 0.003)
    assert drawn.std() == pytest.approx(STD, rel=5 / np.sqrt(2 * count) + 0.02)


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("euler", 1), ("heun", 2)])
def test_the_error_of_a_deterministic_sampler_has_its_order(name, order):
    schedule = noise_schedule("straight", 1600)
    noise = jnp.linspace(-2, 2, 9)
    errors = [np.abs(sampled(name, schedule, steps, noise) - exact_flow(schedule, noise)).max() for steps in (20, 40)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


def test_on_a_straight_path_euler_is_ddim():
    schedule, noise = noise_schedule("straight", 100), jnp.linspace(-2, 2, 9)
    np.testing.assert_allclose(sampled("euler", schedule, 10, noise), sampled("ddim", schedule, 10, noise), atol=1e-5)


def test_between_consecutive_timesteps_ddpm_samples_the_posterior_of_ho():
    schedule = noise_schedule("linear", 100)
    x0, x, t = 0.4, 0.9, 60
    beta, alphas_bar = schedule.betas[t], schedule.coefficients.alpha**2
    mean = np.sqrt(alphas_bar[t - 1]) * beta * x0 + np.sqrt(1 - beta) * (1 - alphas_bar[t - 1]) * x
    mean /= 1 - alphas_bar[t]
    std = np.sqrt((1 - alphas_bar[t - 1]) / (1 - alphas_bar[t]) * beta)
    denoise = lambda x, timestep: Prediction(jnp.full_like(x, x0), x)  # noqa: E731
    states, _ = samplers.sample_loop(
        "ddpm", denoise, schedule, np.array([t, t - 1]), jnp.full([40_000], x), jax.random.key(0)
    )
    assert states[-1].mean() == pytest.approx(mean, abs=5 * std / 200)
    assert states[-1].std() == pytest.approx(std, rel=0.02)


def test_only_ddpm_depends_on_the_key():
    schedule, noise = noise_schedule("cosine", 20), jnp.linspace(-2, 2, 9)
    same = {
        name: bool((sampled(name, schedule, 5, noise, 0) == sampled(name, schedule, 5, noise, 1)).all())
        for name in ("ddpm", "ddim")
    }
    assert same == {"ddpm": False, "ddim": True}


def test_the_sample_loop_returns_the_prediction_of_every_step():
    schedule, noise = noise_schedule("cosine", 20), jnp.zeros([3])
    states, prediction = samplers.sample_loop(
        "ddim", exact(schedule), schedule, samplers.timesteps(schedule, 4), noise, jax.random.key(0)
    )
    assert states.shape == prediction.x0.shape == (4, 3)
    np.testing.assert_allclose(prediction.x0[0], exact(schedule)(noise, 20).x0, rtol=1e-5)


def test_ddpm_is_refused_on_a_straight_path():
    schedule = noise_schedule("straight", 10)
    with pytest.raises(ValueError, match="euler or heun"):
        samplers.sample_loop(
            "ddpm", exact(schedule), schedule, samplers.timesteps(schedule, 2), jnp.zeros([3]), jax.random.key(0)
        )


def test_the_timesteps_are_evenly_spaced():
    np.testing.assert_array_equal(samplers.timesteps(noise_schedule("cosine", 5), 5), [5, 4, 3, 2, 1, 0])


def test_more_steps_than_timesteps_are_refused():
    with pytest.raises(ValueError, match="from 1 to 5"):
        samplers.timesteps(noise_schedule("cosine", 5), 6)
