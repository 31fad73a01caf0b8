import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot.bars import bars


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_bars_are_as_long_as_their_values():
    figure = bars(["a", "b"], np.array([0.25, 0.75]), title="t", xlabel="accuracy")
    assert [patch.get_width() for patch in figure.axes[0].patches] == [0.25, 0.75]


def test_names_values_and_the_mean_are_written():
    figure = bars(["cat", "dog"], np.array([0.25, 0.75]), title="Each class", xlabel="accuracy", mean=0.5)
    assert {"cat", "dog", "0.25", "0.75", "Each class", "accuracy", "mean 0.5"} <= texts(figure)


def test_intervals_are_drawn_from_their_lower_to_their_upper_bound():
    intervals = np.array([[0.2, 0.3], [0.7, 0.9]])
    figure = bars(["a", "b"], np.array([0.25, 0.75]), title="t", xlabel="accuracy", intervals=intervals)
    drawn = [path.vertices[:, 0] for path in figure.axes[0].collections[0].get_paths()]
    np.testing.assert_array_equal(drawn, intervals)


def test_a_value_that_is_missing_says_so():
    figure = bars(["a", "b"], np.array([0.25, np.nan]), title="t", xlabel="accuracy")
    figure.draw_without_rendering()
    assert "none" in texts(figure)


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros(0)])
def test_values_without_labels_are_refused(values):
    with pytest.raises(ValueError, match="a label for each value"):
        bars(["a", "b"], values, title="t", xlabel="x")
