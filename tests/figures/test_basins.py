import numpy as np
import pytest

from dlcli.figures.options.training import Basins
from dlcli.plot.charts import basins as charts
from tests.reading import draw


@pytest.fixture(scope="module")
def himmelblau():
    return draw(Basins(optimizers="sgd,adam", starts=9, steps=400)).numbers


def test_the_fractions_of_the_starts_sum_to_one(himmelblau):
    for each in himmelblau["optimizers"]:
        assert sum(each["fractions"]) + each["fraction_without_minimum"] == pytest.approx(1, abs=1e-5)


def test_small_steps_lead_to_the_minimum_of_the_same_well():
    # (x² - 1)² + y²: the sign of x decides, whatever y is.
    numbers = draw(Basins(surface="(x**2 - 1)**2 + y**2", domain="-1.6,1.5,-1,1", optimizers="sgd:0.01", starts=8,
                          steps=600)).numbers  # fmt: skip
    places = np.array([each["x"] for each in numbers["minima"]])
    reached = places[np.array(numbers["optimizers"][0]["reached"])]
    np.testing.assert_array_equal(np.sign(reached), np.broadcast_to(np.sign(numbers["x"]), reached.shape))


def test_the_minima_are_sorted_by_height():
    values = [each["value"] for each in draw(Basins(surface="goldstein-price", starts=5, steps=1)).numbers["minima"]]
    assert values == pytest.approx([3, 30, 84, 840])


def test_starts_that_reach_no_minimum_are_counted():
    numbers = draw(Basins(surface="x + y", optimizers="sgd", starts=5, steps=3)).numbers
    assert numbers["minima"] == []
    assert numbers["optimizers"][0]["fraction_without_minimum"] == 1


def test_the_caption_lists_the_largest_basins():
    minima = [(float(each), 0.0, 0.0) for each in range(6)]
    panel = charts.Basins("sgd", np.array([[0, 0, 1, 1, 1, 2, 3, 4, 5, charts.NONE]]))
    axes = np.arange(10.0), np.arange(1.0)
    chart = charts.BasinsChart("", "", *axes, (*axes, np.zeros([1, 10])), minima, [panel])
    assert chart.caption(panel) == "2: 30 %, 1: 20 %, 3: 10 %, 4: 10 %, others: 20 %, none: 10 %"
