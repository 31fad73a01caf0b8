"""Surfaces, their stationary points, and the path of every optimizer compared with its textbook recurrence."""

import numpy as np
import pytest

from dlcli.errors import UsageError
from dlcli.optim import landscape
from dlcli.optim.descent import default_rate, descend, ends
from dlcli.optim.surfaces import SURFACES, surface
from dlcli.options import surfaces as names
from tests.optim.test_build import MOMENTUM, TEXTBOOK

KINDS = ("minimum", "saddle", "maximum", "flat")
# How many minima, saddles, maxima and degenerate points lie within each surface's domain. Between n² minima of
# Rastrigin's and Ackley's lattices lie (n - 1)² maxima and 2 n (n - 1) saddles.
COUNTS = {
    "rosenbrock": (1, 0, 0, 0),
    "beale": (1, 2, 0, 0),
    "himmelblau": (4, 4, 1, 0),
    "rastrigin": (25, 40, 16, 0),
    "saddle": (2, 1, 0, 0),
    "plateau": (1, 0, 0, 0),
    "ravine": (1, 0, 0, 0),
    "ackley": (25, 40, 16, 0),
    "styblinski-tang": (4, 4, 1, 0),
    "six-hump-camel": (6, 7, 2, 0),
    "booth": (1, 0, 0, 0),
    "matyas": (1, 0, 0, 0),
    "monkey-saddle": (3, 0, 0, 1),
    "goldstein-price": (4, 4, 1, 0),
}
every_surface = pytest.mark.parametrize("name", SURFACES)


@pytest.fixture(scope="module")
def land():
    """The landscape of a surface, measured on first use."""
    found = {}

    def survey(text):
        if text not in found:
            chosen = surface(text)
            found[text] = landscape.survey(chosen.value, chosen.domain, points=41, known=chosen.minima)
        return found[text]

    return survey


def counts(land):
    return tuple(sum(each.kind == kind for each in land.stationary) for kind in KINDS)


@every_surface
def test_known_minima_have_a_zero_gradient(name):
    heights, slopes, _ = landscape.derivatives(surface(name).value, np.array(surface(name).minima))
    np.testing.assert_allclose(slopes, 0, atol=1e-3)
    np.testing.assert_allclose(heights, heights[0], atol=1e-8)


@every_surface
def test_all_stationary_points_are_found(name, land):
    assert counts(land(name)) == COUNTS[name]


@every_surface
def test_the_known_minima_are_among_those_found(name, land):
    found = np.array([(each.x, each.y) for each in land(name).stationary if each.kind == "minimum"])
    for known in surface(name).minima:
        assert np.linalg.norm(found - known, axis=1).min() < 1e-5


def test_rosenbrocks_hessian_at_its_minimum_has_the_eigenvalues_of_the_closed_form(land):
    np.testing.assert_allclose(
        land("rosenbrock").stationary[0].eigenvalues, np.linalg.eigvalsh([[802, -400], [-400, 200]]), rtol=1e-8
    )


@pytest.mark.parametrize("text", ["x**4 + y**4", "x**3 - 3*x*y**2"])
def test_a_degenerate_point_is_neither_minimum_nor_saddle(text, land):
    assert counts(land(text)) == (0, 0, 0, 1)


@pytest.mark.parametrize("text", ["x + 2*y", "abs(x) + y", "exp(x)"])
def test_without_a_point_of_no_slope_none_is_found(text, land):
    assert land(text).stationary == ()


def test_a_plateau_is_where_neither_slope_nor_curvature_matter(land):
    found = land("plateau")
    assert found.plateau[0, 0]
    assert not found.plateau[20, 20]  # the minimum has no slope, but curvature
    assert not land("rosenbrock").plateau.any()


def test_where_a_function_has_no_value_the_height_is_none(land):
    assert np.isnan(land("log(x)").heights[:, 0]).all()
    assert np.isfinite(land("log(x)").heights[:, -1]).all()


def test_a_surface_without_any_value_is_refused():
    with pytest.raises(UsageError, match="must have finite values"):
        landscape.survey(surface("log(-1 - x**2)").value, ((-1, 1), (-1, 1)))


def test_the_steepest_curvature_is_that_of_the_basin_below_the_start(land):
    # (x² - 1)² + y²: below the start at 0.8 lies x in [0.8, 1.17]; the other basin and its slopes are left out.
    double = surface("(x**2 - 1)**2 + y**2")
    found = landscape.survey(double.value, ((-3, 3), (-1, 1)), points=601)
    assert landscape.steepest_curvature(double.value, found, (0.8, 0.0)) == pytest.approx(12 * 1.36 - 4, abs=0.2)


def test_an_unknown_name_has_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean 'rosenbrock'"):
        surface("rosenbrok")


@pytest.mark.parametrize("name", [*TEXTBOOK, "muon"])
def test_a_trajectory_follows_the_textbook(name):
    direction = TEXTBOOK["adam" if name == "muon" else name]  # a point is not a matrix, so Muon is Adam
    chosen, rate, steps = surface("himmelblau"), 0.002 if name in ("sgd", "momentum", "nesterov") else 0.05, 40
    point, state, expected = np.array(chosen.start), {}, [chosen.start]
    for step in range(1, steps + 1):
        x, y = point
        slope = np.array([4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7), 2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)])
        point = point - rate * direction(slope, state, step)
        expected.append(point)
    path = descend(chosen.value, chosen.start, [(name, rate)], steps, MOMENTUM)
    np.testing.assert_allclose(path[:, 0], expected, rtol=1e-9, atol=1e-9)


def test_trajectories_are_independent():
    chosen = surface("rosenbrock")
    runners = [("momentum", 1e-4), ("adam", 0.1)]
    together = descend(chosen.value, chosen.start, runners, 20, MOMENTUM)
    for number, runner in enumerate(runners):
        alone = descend(chosen.value, chosen.start, [runner], 20, MOMENTUM)
        np.testing.assert_allclose(together[:, number], alone[:, 0], rtol=1e-12)


def test_gradient_descent_at_its_default_rate_descends_at_every_step(land):
    chosen = surface("himmelblau")
    curvature = landscape.steepest_curvature(chosen.value, land("himmelblau"), chosen.start)
    path = descend(chosen.value, chosen.start, [("sgd", default_rate("sgd", curvature, 1.0))], 50, MOMENTUM)
    heights = landscape.heights(chosen.value, path[:, 0])
    assert (np.diff(heights) <= 1e-12).all()


@pytest.mark.parametrize(
    ("name", "point", "height"),
    [
        ("ackley", (0, 0), 0.0),
        ("styblinski-tang", (-2.903534, -2.903534), -78.33233),
        ("six-hump-camel", (0.0898, -0.7126), -1.0316285),
        ("booth", (1, 3), 0.0),
        ("matyas", (0, 0), 0.0),
        ("goldstein-price", (0, -1), 3.0),
    ],
)
def test_the_lowest_height_is_the_published_one(name, point, height):
    assert landscape.heights(surface(name).value, np.array([point], float))[0] == pytest.approx(height, abs=1e-5)


def test_ends_are_the_last_points_of_the_trajectories():
    chosen, runner = surface("himmelblau"), ("momentum", 0.002)
    starts = np.array([[-0.5, -4.5], [1.0, 1.0], [4.0, -4.0]])
    last = [descend(chosen.value, tuple(start), [runner], 30, MOMENTUM)[-1, 0] for start in starts]
    np.testing.assert_allclose(ends(chosen.value, starts, runner, 30, MOMENTUM), last, rtol=1e-12)


def test_where_an_optimizer_diverges_its_end_is_not_a_number():
    assert np.isnan(ends(surface("x**8 + y**8").value, np.array([[2.0, 2.0]]), ("sgd", 10.0), 20, MOMENTUM)).all()


def test_gradient_noise_has_the_given_standard_deviation():
    flat = surface("0*x")
    path = descend(flat.value, (0.0, 0.0), [("sgd", 1.0)], 2_000, MOMENTUM, noise=0.3, seed=1)[:, 0]
    assert np.diff(path, axis=0).std() == pytest.approx(0.3, rel=0.05)


def test_all_optimizers_get_the_same_gradient_noise():
    path = descend(surface("0*x").value, (0.0, 0.0), [("sgd", 1.0), ("sgd", 2.0)], 5, MOMENTUM, noise=1.0)
    np.testing.assert_allclose(path[:, 1], 2 * path[:, 0])


def test_gradient_noise_leaves_a_saddle_that_gradient_descent_does_not():
    saddle = surface("saddle")
    still, noisy = (
        descend(saddle.value, (-1.8, 0.0), [("sgd", 0.05)], 400, MOMENTUM, noise=noise)[-1, 0] for noise in (0.0, 0.01)
    )
    assert abs(still[1]) < 1e-9
    assert abs(noisy[1]) == pytest.approx(2**0.5, abs=0.1)


def test_the_names_that_the_command_line_offers_are_those_of_the_surfaces():
    assert tuple(SURFACES) == names.SURFACES
