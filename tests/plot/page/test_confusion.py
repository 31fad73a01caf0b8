import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.page import style


def counts(classes):
    return 40 * np.eye(classes, dtype=int) + np.random.default_rng(0).integers(0, 3, (classes, classes))


def confusion(counts, labels, **options):
    return page.confusion.draw(ConfusionChart("t", counts, labels, **options))


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize("classes", [2, 10, 40, 100])
def test_every_class_is_named_on_both_axes(classes):
    labels = [f"class {number}" for number in range(classes)]
    axes = confusion(7 * np.eye(classes, dtype=int), labels).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == labels
    assert [text.get_text() for text in axes.get_yticklabels()] == labels


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_everything_is_within_the_page(classes):
    figure = confusion(7 * np.eye(classes, dtype=int), [f"a long name of class {number}" for number in range(classes)])
    with style.applied():
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert 0 <= drawn.x0 < drawn.x1 <= width
    assert 0 <= drawn.y0 < drawn.y1 <= height


def test_names_of_classes_do_not_overlap():
    figure = confusion(7 * np.eye(30, dtype=int), [f"class {number}" for number in range(30)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))


def test_cells_contain_their_counts():
    found = texts(confusion(np.array([[17, 0], [5, 123]]), ["cat", "dog"]))
    assert {"17", "5", "123"} <= set(found)


def test_percents_are_of_the_true_class():
    found = texts(confusion(np.array([[3, 1], [1, 999]]), ["cat", "dog"], percent=True))
    assert {"75", "25", "<1"} <= set(found)


def test_the_largest_cell_of_a_row_is_the_darkest():
    image = confusion(counts(5), list("abcde")).axes[0].images[0]
    lightness = image.to_rgba(image.get_array())[..., :3].sum(axis=-1)
    np.testing.assert_array_equal(lightness.argmin(axis=1), np.arange(5))


def test_a_class_without_examples_is_labelled():
    table = counts(3)
    table[1] = 0
    assert "no examples" in texts(confusion(table, list("abc")))


def test_counts_of_another_shape_are_rejected():
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        confusion(np.zeros((2, 3)), ["a", "b"])
