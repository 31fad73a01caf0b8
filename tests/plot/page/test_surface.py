import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page, terminal
from dlcli.plot.charts.surface import Path, SurfaceChart, value_scale


def chart(values=None, **changes):
    x = y = np.linspace(-1, 1, 21)
    values = np.add.outer(y**2, x**2) if values is None else values
    points = np.stack([np.linspace(-0.9, 0.0, 11), np.linspace(0.8, 0.0, 11)], axis=1)
    paths = [Path(name, points * size, 1.0 / np.arange(1, 12), "at 0") for name, size in (("sgd", 1), ("adam", -1))]
    plateau = np.zeros([21, 21], bool)
    given = {"plateau": plateau, "stationary": [("minimum", 0.0, 0.0), ("saddle", 0.5, 0.5)], "paths": paths, **changes}
    return SurfaceChart("a bowl", x, y, values, **given)


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


def test_the_legend_names_paths_and_kinds_of_stationary_points():
    found = texts(page.surface.draw(chart()))
    assert all(each in found for each in ("a bowl", "sgd: at 0", "adam: at 0", "minimum (1)", "saddle (1)", "start"))
    assert "maximum" not in found
    assert "plateau" not in found


def test_the_legend_names_a_plateau():
    assert "plateau" in texts(page.surface.draw(chart(plateau=np.eye(21, dtype=bool))))


@pytest.mark.parametrize(("three_d", "axes"), [(False, 3), (True, 4)])
def test_three_d_adds_axes(three_d, axes):
    assert len(page.surface.draw(chart(), three_d=three_d).axes) == axes


@pytest.mark.parametrize("values", [np.full([21, 21], 3.0), np.where(np.eye(21) > 0, np.nan, 1.0)])
def test_constant_and_undefined_values_can_be_drawn(values):
    page.surface.draw(chart(values), three_d=True).draw_without_rendering()
    assert terminal.surface.draw(chart(values), 80, False)


def test_a_diverging_path_is_truncated():
    points = np.array([[0.0, 0.0], [0.5, 0.5], [1e9, 0.0], [np.inf, np.nan]])
    figure = page.surface.draw(chart(paths=[Path("sgd", points, np.array([1.0, 2.0, np.inf, np.nan]))]))
    figure.draw_without_rendering()
    assert max(len(line.get_xdata()) for line in figure.axes[0].lines) == 2


def test_a_wide_range_of_values_has_a_logarithmic_scale():
    bowl = np.add.outer(np.linspace(-1, 1, 21) ** 2, np.linspace(-1, 1, 21) ** 2)
    assert not value_scale(np.linspace(0, 1, 50)).log
    assert value_scale(np.exp(10 * bowl)).log


@pytest.mark.parametrize("values", [np.linspace(2.0, 5.0, 30), 10.0 ** np.linspace(-3, 6, 30)])
def test_shades_increase_from_zero_to_one(values):
    scale = value_scale(values)
    shades = scale.shades(values)
    assert (shades[0], shades[-1]) == (0.0, 1.0)
    assert (np.diff(shades) > 0).all()
    np.testing.assert_allclose(scale.inverse(shades), values, rtol=1e-6, atol=1e-6 * values.max())


def test_the_terminal_shows_points_and_paths_with_a_legend():
    lines = terminal.surface.draw_map(chart(), 60, False, height=15)
    drawing = "\n".join(lines[1:16])
    assert all(sign in drawing for sign in "OMS*+")
    assert any("* sgd: at 0" in line for line in lines)
    assert max(map(len, lines)) <= 60


def test_y_increases_upwards_in_the_terminal():
    above = chart(stationary=[("maximum", 0.0, 0.9)])
    rows = terminal.surface.draw_map(above, 80, False, height=15)[1:16]
    assert "A" in "".join(rows[:3])
