import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.nn import diffusion, samplers
from dlcli.nn.diffusion import Estimate

MEAN, DEVIATION = 0.7, 0.3
ALL = [
    (name, schedule)
    for schedule in ("linear", "cosine", "straight")
    for name in ("ddpm", "ddim", "euler", "heun")
    if (name, schedule) != ("ddpm", "straight")
]


def exact(path):
    """The best denoiser of normal data: the expectations of x_0 and ε given x_t."""

    def denoise(x, level):
        rates = path.at(level)
        variance = (rates.signal * DEVIATION) ** 2 + rates.noise**2
        clean = MEAN + rates.signal * DEVIATION**2 / variance * (x - rates.signal * MEAN)
        return Estimate(clean, rates.noise / variance * (x - rates.signal * MEAN))

    return denoise


def last(name, path, steps, start, seed=0):
    levels = samplers.ladder(path, steps)
    run = jax.jit(lambda start, key: samplers.walk(name, exact(path), path, levels, start, key)[0][-1])
    return run(start, jax.random.key(seed))


def transported(path, x):
    """Where the exact flow of normal data carries x of the last level."""
    signal, noise = path.rates.signal[-1], path.rates.noise[-1]
    return MEAN + DEVIATION * (x - signal * MEAN) / np.hypot(signal * DEVIATION, noise)


@pytest.mark.parametrize(("name", "schedule"), ALL)
def test_every_sampler_draws_normal_data_with_their_mean_and_deviation(name, schedule):
    count = 20_000
    path = diffusion.path(schedule, 200)
    drawn = np.asarray(last(name, path, 200, jax.random.normal(jax.random.key(1), [count])))
    # Five standard errors, and what 200 steps of first order are off.
    assert drawn.mean() == pytest.approx(MEAN, abs=5 * DEVIATION / np.sqrt(count) + 0.003)
    assert drawn.std() == pytest.approx(DEVIATION, rel=5 / np.sqrt(2 * count) + 0.02)


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("euler", 1), ("heun", 2)])
def test_halving_the_steps_of_a_deterministic_sampler_costs_what_its_order_says(name, order):
    path = diffusion.path("straight", 1600)
    start = jnp.linspace(-2, 2, 9)
    errors = [np.abs(last(name, path, steps, start) - transported(path, start)).max() for steps in (20, 40)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


def test_on_a_line_euler_is_ddim():
    path, start = diffusion.path("straight", 100), jnp.linspace(-2, 2, 9)
    np.testing.assert_allclose(last("euler", path, 10, start), last("ddim", path, 10, start), atol=1e-5)


def test_between_neighbouring_levels_ddpm_draws_from_the_posterior_of_ho():
    path = diffusion.path("linear", 100)
    clean, x, level = 0.4, 0.9, 60
    beta, kept = path.betas[level], path.rates.signal**2
    mean = (np.sqrt(kept[level - 1]) * beta * clean + np.sqrt(1 - beta) * (1 - kept[level - 1]) * x) / (1 - kept[level])
    deviation = np.sqrt((1 - kept[level - 1]) / (1 - kept[level]) * beta)
    start = jnp.full([40_000], x)
    denoise = lambda x, level: Estimate(jnp.full_like(x, clean), x)  # noqa: E731
    states, _ = samplers.walk("ddpm", denoise, path, np.array([level, level - 1]), start, jax.random.key(0))
    assert states[-1].mean() == pytest.approx(mean, abs=5 * deviation / 200)
    assert states[-1].std() == pytest.approx(deviation, rel=0.02)


def test_only_ddpm_depends_on_the_key():
    path, start = diffusion.path("cosine", 20), jnp.linspace(-2, 2, 9)
    same = {
        name: bool((last(name, path, 5, start, 0) == last(name, path, 5, start, 1)).all()) for name in ("ddpm", "ddim")
    }
    assert same == {"ddpm": False, "ddim": True}


def test_a_walk_tells_every_state_and_what_it_took_for_the_data():
    path, start = diffusion.path("cosine", 20), jnp.zeros([3])
    states, thought = samplers.walk("ddim", exact(path), path, samplers.ladder(path, 4), start, jax.random.key(0))
    assert states.shape == thought.clean.shape == (4, 3)
    np.testing.assert_allclose(thought.clean[0], exact(path)(start, 20).clean, rtol=1e-5)


def test_ddpm_is_refused_on_a_straight_path():
    path = diffusion.path("straight", 10)
    with pytest.raises(ValueError, match="euler or heun"):
        samplers.walk("ddpm", exact(path), path, samplers.ladder(path, 2), jnp.zeros([3]), jax.random.key(0))


def test_a_ladder_has_no_more_steps_than_the_path_has_levels():
    np.testing.assert_array_equal(samplers.ladder(diffusion.path("cosine", 5), 5), [5, 4, 3, 2, 1, 0])
    with pytest.raises(ValueError, match="from 1 to 5"):
        samplers.ladder(diffusion.path("cosine", 5), 6)
