import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page
from dlcli.plot.charts.lines import Line, LinesChart, Panel

STEPS = np.arange(1, 11) * 100


def line(label, *, scale=1.0, **changes):
    return Line(label, STEPS, scale / np.arange(1, 11), **changes)


def draw(*panels, title="t", xlabel="step"):
    return page.lines.draw(LinesChart(title, panels, xlabel))


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_training_is_dashed_in_the_colour_of_its_run():
    panel = Panel([line("train", run="a", dashed=True), line("validation", run="a")], "loss")
    train, validation = draw(panel).axes[0].lines
    assert train.is_dashed()
    assert not validation.is_dashed()
    assert train.get_color() == validation.get_color()


def test_the_best_step_is_marked_at_its_value():
    mark = draw(Panel([line("a", best=1000)], "loss")).axes[0].lines[-1]
    assert (mark.get_xdata().item(), mark.get_ydata().item()) == (1000, pytest.approx(0.1))
    assert mark.get_marker() == "o"


def test_smoothing_draws_a_bold_average_over_pale_values():
    raw, bold = draw(Panel([line("a", smoothing=0.5)], "loss")).axes[0].lines
    np.testing.assert_array_equal(raw.get_ydata(), line("a").values)
    assert raw.get_alpha() < 1
    assert raw.get_linewidth() < bold.get_linewidth()


def test_title_axes_and_every_line_are_named():
    panels = [Panel([line("loss of a"), line("loss of b")], "loss (nats)"), Panel([line("c")], "accuracy")]
    found = texts(draw(*panels, title="Two panels", xlabel="epoch"))
    assert {"Two panels", "loss (nats)", "accuracy", "epoch", "loss of a", "loss of b", "c"} <= found


@pytest.mark.parametrize("scale", [1e-6, 0.3, 1e6])
def test_a_logarithmic_axis_has_tick_labels_at_any_scale(scale):
    figure = draw(Panel([Line("a", STEPS, np.linspace(1.0, 1.6, 10) * scale)], "loss", log=True))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    labels = [text.get_text() for text in axes.get_yticklabels() if low <= text.get_position()[1] <= high]
    assert len([label for label in labels if label]) >= 2


def test_a_band_that_contains_zero_surrounds_its_line_on_a_logarithmic_axis():
    values = 1 / np.arange(1, 11)
    figure = draw(Panel([Line("a", STEPS, values, band=np.stack([values - 0.2, values + 0.2]))], "error", log=True))
    axes = figure.axes[0]
    [band] = axes.collections
    corners = band.get_paths()[0].vertices
    for step, value in zip(STEPS, values, strict=True):
        at = corners[corners[:, 0] == step, 1]
        assert 0 < at.min() < value < at.max()
    assert axes.get_ylim()[0] > 0.01  # the axis still fits the line


@pytest.mark.parametrize("values", [np.full(10, np.nan), -np.ones(10)])
def test_a_panel_without_values_is_labelled(values):
    figure = draw(Panel([Line("a", STEPS, values)], "loss", log=True))
    figure.draw_without_rendering()
    assert "no values" in texts(figure)


def test_a_single_value_is_drawn_as_a_dot():
    drawn = draw(Panel([Line("a", np.array([3]), np.array([2.0]))], "loss")).axes[0].lines[0]
    assert drawn.get_marker() == "o"


def test_lines_that_share_a_colour_differ_in_their_markers():
    drawn = draw(Panel([line(str(number)) for number in range(9)], "loss")).axes[0].lines
    assert drawn[0].get_color() == drawn[8].get_color()
    assert drawn[0].get_marker() != drawn[8].get_marker()


def test_a_long_legend_ends_above_the_next_panel():
    many = Panel([line(f"run number {number} with a name", best=500) for number in range(20)], "loss")
    figure = draw(many, Panel([line("a")], "accuracy"))
    figure.draw_without_rendering()
    upper, lower = (axes.get_legend().get_window_extent() for axes in figure.axes)
    assert upper.y0 > lower.y1


def test_dollar_signs_are_not_rendered_as_formulas():
    name = r"$\frac{$"
    figure = draw(Panel([line(name)], name), title=name)
    figure.draw_without_rendering()
    assert name in texts(figure)


def test_few_places_of_a_logarithmic_axis_have_a_tick_each():
    panel = Panel([Line("error", np.array([1, 2, 4, 8, 64]), np.arange(5.0))], "error")
    axes = page.lines.draw(LinesChart("title", [panel], "width", log_x=True)).axes[0]
    assert axes.get_xticks().tolist() == [1, 2, 4, 8, 64]
