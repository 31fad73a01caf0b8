import numpy as np
import pytest
from pydantic import ValidationError

from dlcli import figures
from dlcli.errors import UsageError
from dlcli.figures.options import OptimizerSurface, parse_optimizers
from dlcli.optim.surfaces import SURFACES


def draw(**options):
    return figures.draw("optimizer-surface", OptimizerSurface(steps=20, **options))


def test_each_optimizer_has_its_path_from_the_start_and_its_rate():
    numbers = draw(surface="saddle", optimizers="sgd:0.1,adam", start="1,0.5").numbers
    sgd, adam = numbers["optimizers"]
    assert (sgd["name"], sgd["learning_rate"], adam["name"]) == ("sgd", 0.1, "adam")
    assert sgd["path"][0] == adam["path"][0] == [1, 0.5]
    np.testing.assert_allclose(sgd["path"][1], [1 - 0.1 * 2, 0.5 - 0.1 * (-1 + 0.125)], rtol=1e-5)
    assert len(sgd["path"]) == len(sgd["values"]) == 21


def test_one_rule_may_go_at_several_rates():
    numbers = draw(surface="ravine", optimizers="sgd:0.01,sgd:0.04").numbers
    assert [each["learning_rate"] for each in numbers["optimizers"]] == [0.01, 0.04]


def test_arriving_and_diverging_are_told():
    numbers = draw(surface="(x**2 + y**2)/2", optimizers="sgd:0.5,sgd:1e6").numbers
    arrived, lost = numbers["optimizers"]
    assert 0 < arrived["arrived"] < 10
    assert arrived["diverged"] is None
    assert lost["arrived"] is None
    assert draw(surface="x**8 + y**8", optimizers="sgd:1").numbers["optimizers"][0]["diverged"] < 10


def test_a_formula_and_a_domain_of_ones_own():
    numbers = draw(surface="sin(x)*y**2", domain="0,6,-2,2", optimizers="adam").numbers
    assert numbers["domain"] == [[0, 6], [-2, 2]]
    assert 0 <= numbers["start"][0] <= 6


def test_a_start_outside_of_what_is_drawn_is_refused():
    with pytest.raises(UsageError, match="--start must lie within x -2 … 2"):
        draw(start="5,5")


def test_a_start_without_a_slope_is_refused():
    with pytest.raises(UsageError, match="a height and a slope at the start"):
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
        ({"start": "1"}, "must be an x and a y"),
        ({"start": "nan,1"}, "must be numbers of at most"),
        ({"domain": "1,0,0,1"}, "must be the least and the greatest x"),
        ({"domain": "a,b,c,d"}, "must be numbers with commas"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, reason):
    with pytest.raises(ValidationError, match=reason):
        OptimizerSurface(**options)


def test_optimizers_are_read_with_and_without_rates():
    assert parse_optimizers("sgd, adam:0.1") == (("sgd", None), ("adam", 0.1))


def test_the_help_names_every_surface():
    described = OptimizerSurface.model_fields["surface"].description
    assert all(name in described for name in SURFACES)


def test_the_frames_go_from_the_first_step_to_the_last():
    drawn = draw(surface="ravine", optimizers="sgd", three_d=True)
    animation = drawn.animation()
    space, above, over = animation.drawing.axes
    lengths = []
    for frame in (0, animation.frames - 1):
        animation.show(frame)
        flat = [max(len(line.get_xdata()) for line in axes.lines) for axes in (above, over)]
        lengths.append([*flat, len(space.lines[0].get_data_3d()[0])])
    assert animation.frames == 21
    assert lengths == [[1, 1, 1], [21, 21, 21]]
