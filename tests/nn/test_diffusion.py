import jax
import numpy as np
import pytest

from dlcli.nn import diffusion
from dlcli.nn.diffusion import Prediction

SCHEDULES = ["linear", "cosine", "edm", "straight"]


def example(schedule="cosine", timesteps=50):
    x0, noise = (np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32) for seed in (0, 1))
    at = diffusion.noise_schedule(schedule, timesteps).at(np.array([1, 20, 35, 48]), axes=1)
    return x0, noise, at


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_monotonically_from_data_to_noise(name):
    coefficients = diffusion.noise_schedule(name, 1000).coefficients
    assert (coefficients.alpha[0], coefficients.sigma[0]) == (1, 0)
    assert np.all(np.diff(coefficients.alpha) < 0)
    assert np.all(np.diff(coefficients.sigma) >= 0)
    assert coefficients.alpha[-1] < 0.013
    assert coefficients.sigma[-1] > 0.9999


def test_the_linear_schedule_is_that_of_ho():
    schedule = diffusion.noise_schedule("linear", 1000)
    np.testing.assert_allclose(schedule.betas[1:], np.linspace(1e-4, 0.02, 1000), rtol=1e-9)
    # Ho et al. 2020, section 4: about 4e-5
    np.testing.assert_allclose(schedule.coefficients.alpha[-1] ** 2, 4.04e-5, rtol=1e-2)


def test_the_cosine_schedule_follows_its_formula_up_to_the_bound_on_beta():
    schedule = diffusion.noise_schedule("cosine", 1000)
    squares = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(schedule.coefficients.alpha[:990] ** 2, (squares / squares[0])[:990], rtol=1e-9)
    assert schedule.betas.max() == pytest.approx(0.999)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_derivatives_are_those_of_finite_differences(name):
    schedule = diffusion.noise_schedule(name, 4000)
    alpha, sigma, alpha_derivative, sigma_derivative = schedule.coefficients
    for value, derivative in ((alpha, alpha_derivative), (sigma, sigma_derivative)):
        numeric = np.gradient(value, schedule.times)
        np.testing.assert_allclose(numeric[5:3900], derivative[5:3900], atol=2e-3)


def test_single_steps_compose_to_the_closed_form():
    schedule = diffusion.noise_schedule("linear", 100)
    alpha, variance = 1.0, 0.0
    for beta in schedule.betas[1:]:
        alpha, variance = np.sqrt(1 - beta) * alpha, (1 - beta) * variance + beta
    last = schedule.coefficients.alpha[-1], schedule.coefficients.sigma[-1] ** 2
    np.testing.assert_allclose([alpha, variance], last, rtol=1e-9)


def test_the_linear_schedule_preserves_the_variance():
    coefficients = diffusion.noise_schedule("linear", 100).coefficients
    np.testing.assert_allclose(coefficients.alpha**2 + coefficients.sigma**2, 1)


def test_a_straight_path_has_no_betas():
    with pytest.raises(ValueError, match="variance-preserving"):
        _ = diffusion.noise_schedule("straight", 10).betas


@pytest.mark.parametrize(("kind", "schedule"), [("noise", "linear"), ("velocity", "cosine"), ("flow", "straight")])
def test_predict_inverts_target(kind, schedule):
    x0, noise, at = example(schedule)
    x = diffusion.add_noise(x0, noise, at)
    found = diffusion.predict(kind, diffusion.target(kind, x0, noise, at), x, at)
    np.testing.assert_allclose(found.x0, x0, atol=2e-5)
    np.testing.assert_allclose(found.noise, noise, atol=2e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_noise_converted_to_a_velocity_converts_back_to_the_same_noise(schedule):
    output, x, at = example(schedule)
    prediction = diffusion.predict("noise", output, x, at)
    back = diffusion.predict("velocity", diffusion.velocity(prediction, at), x, at)
    np.testing.assert_allclose(back.noise, output, atol=2e-4)
    np.testing.assert_allclose(diffusion.add_noise(*back, at), x, atol=2e-5)


def test_the_velocity_is_that_of_salimans_and_ho():
    x0, noise, at = example("cosine")
    expected = at.alpha * noise - at.sigma * x0
    np.testing.assert_allclose(diffusion.target("velocity", x0, noise, at), expected, rtol=1e-6)


def test_the_flow_is_noise_minus_data():
    x0, noise, at = example("straight")
    np.testing.assert_allclose(diffusion.target("flow", x0, noise, at), noise - x0, rtol=1e-6)


def test_clipping_changes_only_values_out_of_bounds():
    x0, noise, at = example()
    found = diffusion.clip_x0(Prediction(x0, noise), diffusion.add_noise(x0, noise, at), at, bound=0.5)
    assert np.abs(found.x0).max() == 0.5
    inside = np.abs(x0) < 0.5
    np.testing.assert_array_equal(np.asarray(found.x0)[inside], x0[inside])


def test_a_clipped_prediction_still_gives_the_same_noisy_data():
    x0, noise, at = example()
    x = diffusion.add_noise(x0, noise, at)
    found = diffusion.clip_x0(Prediction(x0, noise), x, at, bound=0.5)
    np.testing.assert_allclose(diffusion.add_noise(*found, at), x, rtol=1e-4, atol=1e-6)


def test_coefficients_broadcast_against_images():
    at = diffusion.noise_schedule("cosine", 10).at(jax.numpy.array([1, 10]), axes=3)
    assert {each.shape for each in at} == {(2, 1, 1, 1)}


def test_the_edm_schedule_is_that_of_karras():
    coefficients = diffusion.noise_schedule("edm", 40).coefficients
    ratios = coefficients.sigma[1:] / coefficients.alpha[1:]
    steps = np.arange(40)
    expected = (80 ** (1 / 7) + steps / 39 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(ratios[::-1], expected, rtol=1e-6)


def test_edm_has_inputs_as_well_as_targets_of_variance_1():
    random = np.random.default_rng(0)
    x0, noise = random.normal(0, 0.5, [20_000, 3]), random.normal(0, 1, [20_000, 3])
    schedule = diffusion.noise_schedule("edm", 100)
    for timestep in (1, 30, 60, 100):
        at = schedule.at(np.array(timestep))
        given = diffusion.network_input("edm", diffusion.add_noise(x0, noise, at), at)
        wanted = diffusion.target("edm", x0, noise, at)
        assert float(given.std()) == pytest.approx(1, rel=0.02)
        assert float(wanted.std()) == pytest.approx(1, rel=0.02)


def test_edm_is_that_of_karras():
    x0, noise, at = example("edm")
    sigma = np.asarray(at.sigma / at.alpha)
    skip, out = 0.25 / (sigma**2 + 0.25), sigma * 0.5 / np.sqrt(sigma**2 + 0.25)
    noisy = x0 + sigma * noise
    np.testing.assert_allclose(diffusion.target("edm", x0, noise, at), (x0 - skip * noisy) / out, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("name", "quantiles"), [
    ("uniform", [25, 50, 75]),
    ("logit-normal", [33, 50, 66]),
])  # fmt: skip
def test_timesteps_of_training_have_the_quantiles_of_their_distribution(name, quantiles):
    schedule = diffusion.noise_schedule("straight", 100)
    found = diffusion.sample_timesteps(name, schedule, np.array([0.25, 0.5, 0.75], np.float32))
    np.testing.assert_allclose(found, quantiles, atol=1.1)


def test_log_normal_timesteps_have_the_noise_of_karras():
    schedule = diffusion.noise_schedule("edm", 1000)
    uniform = (np.arange(4_000, dtype=np.float32) + 0.5) / 4_000
    found = np.asarray(diffusion.sample_timesteps("log-normal", schedule, uniform))
    assert found.min() >= 1
    assert found.max() <= 1000
    logs = np.log(schedule.coefficients.sigma[found] / schedule.coefficients.alpha[found])
    assert logs.mean() == pytest.approx(-1.2, abs=0.02)
    assert logs.std() == pytest.approx(1.2, abs=0.02)
