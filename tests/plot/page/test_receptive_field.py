import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page
from dlcli.plot.charts.receptive_field import Box, LayerField, ReceptiveFieldChart

LAYERS = [LayerField("conv1", 3, 1, 2.1), LayerField("conv2", 5, 1, 3.0), LayerField("pool", 6, 2, 3.4)]


BOX = Box(2, 3, 5, 5)


def draw(box=BOX, layers=LAYERS, gradient=None):
    gradient = np.eye(12) if gradient is None else gradient
    image = np.random.default_rng(0).random((12, 12))
    return page.receptive_field.draw(ReceptiveFieldChart("Unit (1, 2)", image, gradient, box, layers))


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_the_box_covers_whole_pixels_in_each_picture():
    for axes in draw().axes[:3]:
        assert [patch.get_bbox().bounds for patch in axes.patches] == [(2.5, 1.5, 5, 5)] * 2


def test_the_view_includes_a_box_in_the_padding():
    axes = draw(Box(-3, -3, 7, 7)).axes[0]
    assert axes.get_xlim()[0] < -3.5
    assert min(axes.get_ylim()) < -3.5


def test_the_view_is_limited_for_a_box_much_larger_than_the_image():
    figure = draw(Box(-200, -200, 400, 400))
    low, high = figure.axes[0].get_xlim()
    assert high - low <= 2 * 12
    assert any("larger than this view" in text for text in texts(figure))


def test_sizes_have_a_point_per_layer():
    theoretical, effective, side = draw().axes[3].lines
    np.testing.assert_array_equal(theoretical.get_ydata(), [3, 5, 6])
    np.testing.assert_array_equal(effective.get_ydata(), [2.1, 3.0, 3.4])
    np.testing.assert_array_equal(side.get_ydata(), [12, 12])


def test_layers_are_named_with_their_strides():
    assert {"conv1\nstride 1", "conv2\nstride 1", "pool\nstride 2", "Unit (1, 2)"} <= texts(draw())


def test_without_measurements_there_is_no_effective_line():
    labels = texts(draw(layers=[LayerField("conv1", 3, 1), LayerField("conv2", 5, 1)]))
    assert "theoretical" in labels
    assert "effective (input gradient)" not in labels


@pytest.mark.parametrize("layers", [9, 30])
def test_names_of_layers_do_not_overlap(layers):
    figure = draw(layers=[LayerField(f"stage{number}", 3 + 2 * number, 1) for number in range(layers)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[3].get_xticklabels()]
    assert not any(left.overlaps(right) for left, right in itertools.pairwise(boxes))


def test_a_gradient_of_zeros_is_drawn():
    for axes in draw(gradient=np.zeros((12, 12))).axes[1:3]:
        assert np.isfinite(axes.images[0].get_array()).all()
