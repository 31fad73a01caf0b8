import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot.landscape import landscape
from dlcli.plot.scene import Scene, Trail, scale
from dlcli.plot.terminal import landscape as sketch


def scene(heights=None, **changes):
    x = y = np.linspace(-1, 1, 21)
    heights = np.add.outer(y**2, x**2) if heights is None else heights
    points = np.stack([np.linspace(-0.9, 0.0, 11), np.linspace(0.8, 0.0, 11)], axis=1)
    trails = [Trail(name, points * size, 1.0 / np.arange(1, 12), "at 0") for name, size in (("sgd", 1), ("adam", -1))]
    plateau = np.zeros([21, 21], bool)
    given = {"plateau": plateau, "marks": [("minimum", 0.0, 0.0), ("saddle", 0.5, 0.5)], "trails": trails, **changes}
    return Scene("a bowl", x, y, heights, **given)


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


def test_every_trail_and_every_kind_of_mark_is_named():
    found = texts(landscape(scene()))
    assert all(each in found for each in ("a bowl", "sgd: at 0", "adam: at 0", "minimum (1)", "saddle (1)", "start"))
    assert "maximum" not in found
    assert "plateau" not in found


def test_a_plateau_is_named_where_there_is_one():
    assert "plateau" in texts(landscape(scene(plateau=np.eye(21, dtype=bool))))


@pytest.mark.parametrize(("three_d", "axes"), [(False, 2), (True, 3)])
def test_the_third_dimension_is_a_panel_of_its_own(three_d, axes):
    assert len(landscape(scene(), three_d=three_d).axes) == axes


@pytest.mark.parametrize("heights", [np.full([21, 21], 3.0), np.where(np.eye(21) > 0, np.nan, 1.0)])
def test_a_level_surface_and_holes_can_be_drawn(heights):
    landscape(scene(heights), three_d=True).draw_without_rendering()
    assert sketch(scene(heights), colour=False)


def test_a_trail_that_leaves_for_infinity_is_cut_off():
    points = np.array([[0.0, 0.0], [0.5, 0.5], [1e9, 0.0], [np.inf, np.nan]])
    figure = landscape(scene(trails=[Trail("sgd", points, np.array([1.0, 2.0, np.inf, np.nan]))]))
    figure.draw_without_rendering()
    assert max(len(line.get_xdata()) for line in figure.axes[0].lines) == 2


def test_a_wide_range_of_heights_is_shaded_by_logarithm():
    bowl = np.add.outer(np.linspace(-1, 1, 21) ** 2, np.linspace(-1, 1, 21) ** 2)
    assert not scale(np.linspace(0, 1, 50)).log
    assert scale(np.exp(10 * bowl)).log


@pytest.mark.parametrize("heights", [np.linspace(2.0, 5.0, 30), 10.0 ** np.linspace(-3, 6, 30)])
def test_shares_go_from_nought_to_one_in_the_order_of_heights(heights):
    shares = scale(heights).shares(heights)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert (np.diff(shares) > 0).all()


def test_a_sketch_shows_start_marks_trails_and_what_they_mean():
    lines = sketch(scene(), width=60, height=15, colour=False)
    drawing = "\n".join(lines[1:16])
    assert all(sign in drawing for sign in "OMS*+")
    assert any("* sgd: at 0" in line for line in lines)
    assert max(map(len, lines)) <= 60


def test_in_a_sketch_up_is_up():
    above = scene(marks=[("maximum", 0.0, 0.9)])
    rows = sketch(above, height=15, colour=False)[1:16]
    assert "A" in "".join(rows[:3])
