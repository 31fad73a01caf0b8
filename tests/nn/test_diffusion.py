import jax
import numpy as np
import pytest

from dlcli.nn import diffusion
from dlcli.nn.diffusion import Estimate

SCHEDULES = ["linear", "cosine", "straight"]


def example(schedule="cosine", levels=50):
    clean, noise = (np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32) for seed in (0, 1))
    rates = diffusion.path(schedule, levels).at(np.array([1, 20, 35, 48]), axes=1)
    return clean, noise, rates


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_path_goes_from_the_data_alone_to_noise_and_never_back(schedule):
    path = diffusion.path(schedule, 1000)
    assert (path.rates.signal[0], path.rates.noise[0]) == (1, 0)
    assert np.all(np.diff(path.rates.signal) < 0)
    assert np.all(np.diff(path.rates.noise) >= 0)
    assert path.rates.signal[-1] < 0.01
    assert path.rates.noise[-1] > 0.9999


def test_the_linear_schedule_is_that_of_ho():
    path = diffusion.path("linear", 1000)
    np.testing.assert_allclose(path.betas[1:], np.linspace(1e-4, 0.02, 1000), rtol=1e-9)
    np.testing.assert_allclose(path.rates.signal[-1] ** 2, 4.04e-5, rtol=1e-2)  # Ho et al. 2020, section 4: about 4e-5


def test_the_cosine_schedule_follows_its_formula_up_to_the_bound_on_beta():
    path = diffusion.path("cosine", 1000)
    squares = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(path.rates.signal[:990] ** 2, (squares / squares[0])[:990], rtol=1e-9)
    assert path.betas.max() == pytest.approx(0.999)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_slopes_are_the_derivatives_along_the_path(schedule):
    path = diffusion.path(schedule, 4000)
    for rate, slope in ((path.rates.signal, path.rates.signal_slope), (path.rates.noise, path.rates.noise_slope)):
        numeric = np.gradient(rate, path.places)
        np.testing.assert_allclose(numeric[5:3900], slope[5:3900], atol=2e-3)


def test_an_arc_keeps_the_variance_and_its_single_steps_compose_to_the_closed_form():
    path = diffusion.path("linear", 100)
    signal, variance = 1.0, 0.0
    for beta in path.betas[1:]:
        signal, variance = np.sqrt(1 - beta) * signal, (1 - beta) * variance + beta
    np.testing.assert_allclose([signal, variance], [path.rates.signal[-1], path.rates.noise[-1] ** 2], rtol=1e-9)
    np.testing.assert_allclose(path.rates.signal**2 + path.rates.noise**2, 1)


def test_a_straight_path_has_no_single_noising_steps():
    with pytest.raises(ValueError, match="arc"):
        _ = diffusion.path("straight", 10).betas


@pytest.mark.parametrize(("kind", "schedule"), [("noise", "linear"), ("velocity", "cosine"), ("flow", "straight")])
def test_what_a_perfect_network_says_gives_the_data_and_the_noise_back(kind, schedule):
    clean, noise, rates = example(schedule)
    x = diffusion.mix(clean, noise, rates)
    found = diffusion.estimate(kind, diffusion.target(kind, clean, noise, rates), x, rates)
    np.testing.assert_allclose(found.clean, clean, atol=2e-5)
    np.testing.assert_allclose(found.noise, noise, atol=2e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_noise_turned_into_a_slope_and_back_is_the_same_noise(schedule):
    said, x, rates = example(schedule)
    mixed = diffusion.estimate("noise", said, x, rates)
    again = diffusion.estimate("velocity", diffusion.slope(mixed, rates), x, rates)
    np.testing.assert_allclose(again.noise, said, atol=2e-4)
    np.testing.assert_allclose(diffusion.mix(*again, rates), x, atol=2e-5)


def test_the_velocity_on_an_arc_is_that_of_salimans_and_ho():
    clean, noise, rates = example("cosine")
    expected = rates.signal * noise - rates.noise * clean
    np.testing.assert_allclose(diffusion.target("velocity", clean, noise, rates), expected, rtol=1e-6)


def test_the_flow_on_a_line_leads_from_the_data_to_the_noise():
    clean, noise, rates = example("straight")
    np.testing.assert_allclose(diffusion.target("flow", clean, noise, rates), noise - clean, rtol=1e-6)


def test_bounding_changes_an_estimate_that_is_out_of_bounds_alone_and_keeps_its_mixture():
    clean, noise, rates = example()
    x = diffusion.mix(clean, noise, rates)
    found = diffusion.bounded(Estimate(clean, noise), x, rates, bound=0.5)
    assert np.abs(found.clean).max() == 0.5
    np.testing.assert_allclose(diffusion.mix(*found, rates), x, rtol=1e-4, atol=1e-6)
    inside = np.abs(clean) < 0.5
    np.testing.assert_array_equal(np.asarray(found.clean)[inside], clean[inside])


def test_rates_broadcast_against_images():
    rates = diffusion.path("cosine", 10).at(jax.numpy.array([1, 10]), axes=3)
    assert {rate.shape for rate in rates} == {(2, 1, 1, 1)}
