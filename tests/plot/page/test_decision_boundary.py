import numpy as np
import pytest

from dlcli.plot import page
from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, Points, UnitMap
from dlcli.plot.page import style


def chart(classes, units=()):
    x = y = np.linspace(-1, 1, 9)
    logits = np.stack([np.add.outer(y * number, x) for number in range(len(classes))], axis=-1)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    positions, labels = np.random.default_rng(0).uniform(-1, 1, [20, 2]), np.arange(20) % len(classes)
    points = [Points(name, positions, labels) for name in ("train", "validation")]
    return DecisionBoundaryChart("title", ("x", "y"), x, y, probabilities, classes, points, units)


@pytest.mark.parametrize(
    "classes", [["a", "b"], ["Iris setosa", "Iris versicolor", "Iris virginica"], ["a long name " * 9] * 12]
)
def test_everything_is_within_the_page(classes):
    units = [UnitMap(layer, unit, np.eye(9)) for layer in (1, 2) for unit in range(5)]
    figure = page.decision_boundary.draw(chart(classes, units))
    with style.applied():
        figure.draw_without_rendering()  # computes the layout
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert -0.02 <= drawn.x0 < drawn.x1 <= width + 0.02
    assert -0.02 <= drawn.y0 < drawn.y1 <= height + 0.02


def test_each_unit_has_its_map():
    units = [UnitMap(1, unit, np.eye(9)) for unit in (3, 8)]
    figure = page.decision_boundary.draw(chart(["a", "b"], units))
    assert {"unit 3", "unit 8"} <= {axes.get_title() for axes in figure.findobj(type(figure.axes[0]))}
