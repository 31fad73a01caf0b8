import numpy as np
import pytest
from pydantic import ValidationError

from dlcli import figures
from dlcli.errors import UsageError
from dlcli.figures.options.training import OptimizerSurface, parse_optimizers
from dlcli.optim.surfaces import SURFACES


def draw(**options):
    return figures.draw("optimizer-surface", OptimizerSurface(steps=20, **options))


def test_each_optimizer_has_a_path_from_the_start():
    numbers = draw(surface="saddle", optimizers="sgd:0.1,adam", start="1,0.5").numbers
    sgd, adam = numbers["optimizers"]
    assert (sgd["name"], sgd["learning_rate"], adam["name"]) == ("sgd", 0.1, "adam")
    assert sgd["path"][0] == adam["path"][0] == [1, 0.5]
    np.testing.assert_allclose(sgd["path"][1], [1 - 0.1 * 2, 0.5 - 0.1 * (-1 + 0.125)], rtol=1e-5)
    assert len(sgd["path"]) == len(sgd["values"]) == 21


def test_an_optimizer_can_have_several_learning_rates():
    numbers = draw(surface="ravine", optimizers="sgd:0.01,sgd:0.04").numbers
    assert [each["learning_rate"] for each in numbers["optimizers"]] == [0.01, 0.04]


def test_a_path_that_reaches_the_minimum_has_the_step_at_which_it_converged():
    numbers = draw(surface="(x**2 + y**2)/2", optimizers="sgd:0.5,sgd:1e6").numbers
    converged, diverged = numbers["optimizers"]
    assert 0 < converged["converged_at"] < 10
    assert converged["diverged_at"] is None
    assert diverged["converged_at"] is None


def test_a_path_that_overflows_has_the_step_at_which_it_diverged():
    assert draw(surface="x**8 + y**8", optimizers="sgd:1").numbers["optimizers"][0]["diverged_at"] < 10


def test_the_surface_can_be_a_formula():
    numbers = draw(surface="sin(x)*y**2", domain="0,6,-2,2", optimizers="adam").numbers
    assert numbers["domain"] == [[0, 6], [-2, 2]]
    assert 0 <= numbers["start"][0] <= 6


def test_the_rule_of_the_learning_rates_is_stated():
    numbers = draw(surface="ravine", optimizers="sgd,adam").numbers
    assert numbers["learning_rate_rule"].startswith("learning rates: 1.8 / L (sgd), 0.01 d (adam)")
    assert numbers["optimizers"][0]["learning_rate"] == pytest.approx(1.8 / 40, rel=0.01)
    assert draw(surface="ravine", optimizers="sgd:0.01").numbers["learning_rate_rule"] == ""


def test_a_seed_without_noise_is_rejected():
    with pytest.raises(ValidationError, match="--seed 3 has no effect"):
        OptimizerSurface(seed=3)
    first, second = (draw(surface="ravine", gradient_noise=1.0, seed=seed).numbers for seed in (0, 1))
    assert first["optimizers"][0]["path"][0] == second["optimizers"][0]["path"][0]
    assert first["optimizers"][0]["path"][1] != second["optimizers"][0]["path"][1]


def test_a_start_outside_the_domain_is_rejected():
    with pytest.raises(UsageError, match="--start must lie within x -2 … 2"):
        draw(start="5,5")


def test_a_start_without_a_gradient_is_rejected():
    with pytest.raises(UsageError, match="f and its gradient must be finite"):
        draw(surface="log(x)", start="-1,0")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"optimizers": "adm"}, "'adm' is not one of sgd"),
        ({"optimizers": "adam:fast"}, "learning rate of adam must be a number, got 'fast'"),
        ({"optimizers": "adam:-1"}, "must be positive"),
        ({"optimizers": "adam:nan"}, "must be positive"),
        ({"optimizers": ","}, "must be 1 to 8 optimizers, found 0"),
        ({"optimizers": "sgd," * 9}, "found 9"),
        ({"start": "1"}, "must be X,Y"),
        ({"start": "nan,1"}, "must be numbers of magnitude at most"),
        ({"domain": "1,0,0,1"}, "must be XMIN,XMAX"),
        ({"domain": "a,b,c,d"}, "must be comma-separated numbers"),
    ],
)
def test_invalid_options_are_rejected(options, reason):
    with pytest.raises(ValidationError, match=reason):
        OptimizerSurface(**options)


def test_optimizers_are_read_with_and_without_rates():
    assert parse_optimizers("sgd, adam:0.1") == (("sgd", None), ("adam", 0.1))


def test_the_help_names_every_surface():
    described = OptimizerSurface.model_fields["surface"].description
    assert all(name in described for name in SURFACES)


def test_the_animation_shows_all_steps():
    drawn = draw(surface="ravine", optimizers="sgd", three_d=True)
    animation = drawn.animation()
    space, contours, _, gaps = animation.drawing.axes
    lengths = []
    for frame in (0, animation.frames - 1):
        animation.show(frame)
        flat = [max(len(line.get_xdata()) for line in axes.lines) for axes in (contours, gaps)]
        lengths.append([*flat, len(space.lines[0].get_data_3d()[0])])
    assert animation.frames == 21
    assert lengths == [[1, 1, 1], [21, 21, 21]]


def test_arrows_mark_the_direction_of_a_long_path_in_the_steps_where_they_are_reached():
    animation = draw(surface="ravine", optimizers="sgd:0.04", start="-2.5,0").animation()
    contours = animation.drawing.axes[0]
    arrows = [text for text in contours.texts if hasattr(text, "arrow_patch")]
    assert len(arrows) == 2
    shown = []
    for frame in (0, animation.frames - 1):
        animation.show(frame)
        shown.append(sum(arrow.get_visible() for arrow in arrows))
    assert shown == [0, 2]
    assert all(arrow.xy[0] > arrow.xyann[0] for arrow in arrows)  # towards the minimum at x = 0
