import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot.receptive import Box, Stage, receptive_field

GROWTH = [Stage("conv1", 3, 1, 2.1), Stage("conv2", 5, 1, 3.0), Stage("pool", 6, 2, 3.4)]


BOX = Box(2, 3, 5, 5)


def draw(box=BOX, growth=GROWTH, gradient=None):
    gradient = np.eye(12) if gradient is None else gradient
    return receptive_field(np.random.default_rng(0).random((12, 12)), gradient, box, growth, title="Unit (1, 2)")


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_the_box_covers_whole_pixels_in_each_picture():
    for axes in draw().axes[:3]:
        assert [patch.get_bbox().bounds for patch in axes.patches] == [(2.5, 1.5, 5, 5)] * 2


def test_the_picture_reaches_as_far_as_a_box_in_the_padding():
    axes = draw(Box(-3, -3, 7, 7)).axes[0]
    assert axes.get_xlim()[0] < -3.5
    assert min(axes.get_ylim()) < -3.5


def test_a_box_far_beyond_the_image_leaves_the_image_to_be_seen():
    figure = draw(Box(-200, -200, 400, 400))
    low, high = figure.axes[0].get_xlim()
    assert high - low <= 2 * 12
    assert any("beyond this view" in text for text in texts(figure))


def test_the_growth_has_a_point_for_each_layer():
    analytic, effective, side = draw().axes[3].lines
    np.testing.assert_array_equal(analytic.get_ydata(), [3, 5, 6])
    np.testing.assert_array_equal(effective.get_ydata(), [2.1, 3.0, 3.4])
    np.testing.assert_array_equal(side.get_ydata(), [12, 12])


def test_layers_are_named_with_their_strides():
    assert {"conv1\nstride 1", "conv2\nstride 1", "pool\nstride 2", "Unit (1, 2)"} <= texts(draw())


def test_layers_that_were_not_measured_have_no_effective_line():
    labels = texts(draw(growth=[Stage("conv1", 3, 1), Stage("conv2", 5, 1)]))
    assert "analytic" in labels
    assert "effective, measured" not in labels


@pytest.mark.parametrize("layers", [9, 30])
def test_names_of_layers_do_not_overlap(layers):
    figure = draw(growth=[Stage(f"stage{number}", 3 + 2 * number, 1) for number in range(layers)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[3].get_xticklabels()]
    assert not any(left.overlaps(right) for left, right in itertools.pairwise(boxes))


def test_a_gradient_of_zeros_is_drawn():
    for axes in draw(gradient=np.zeros((12, 12))).axes[1:3]:
        assert np.isfinite(axes.images[0].get_array()).all()
