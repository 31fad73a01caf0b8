import numpy as np
import pytest

from dlcli.plot.charts.lines import Line, color_numbers, smooth


def test_smoothing_does_not_change_a_straight_line():
    line = np.linspace(2.0, 7.0, 30)
    np.testing.assert_allclose(smooth(line, 0.9), line, rtol=1e-12)


def test_smoothing_is_the_weighted_mean_of_both_sides():
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    middle = (0.25 * 1 + 0.5 * 4 + 2 + 0.5 * 8 + 0.25 * 5) / (0.25 + 0.5 + 1 + 0.5 + 0.25)
    np.testing.assert_allclose(smooth(values, 0.5)[2], middle, rtol=1e-12)


def test_smoothing_reduces_noise():
    noise = np.random.default_rng(0).normal(size=500)
    assert smooth(noise, 0.9)[50:-50].std() < 0.5 * noise.std()


def test_smoothing_skips_non_finite_values():
    values = np.array([1.0, np.nan, 3.0, np.inf, 5.0])
    smoothed = smooth(values, 0.5)
    assert np.isnan(smoothed[1])
    assert np.isinf(smoothed[3])
    np.testing.assert_allclose(smoothed[[0, 2, 4]], smooth(np.array([1.0, 3.0, 5.0]), 0.5))


def test_lines_of_one_run_share_a_colour():
    steps = np.arange(2)
    lines = [Line(label, steps, steps, run) for label, run in [("a train", "a"), ("b train", "b"), ("a test", "a")]]
    assert color_numbers(lines) == [0, 1, 0]


def test_the_caption_of_a_smoothed_line_contains_smoothed():
    assert Line("train", np.arange(2), np.arange(2), smoothing=0.5).caption == "train, smoothed"


def test_the_caption_contains_the_best_value_with_its_step():
    line = Line("validation", np.array([1000, 2000]), np.array([0.5, 0.25]), best=2000)
    assert line.caption == "validation, best 0.25 at step 2,000"


@pytest.mark.parametrize("wrong", [{"best": 7}, {"smoothing": 1.0}, {"values": np.zeros(3)}])
def test_invalid_lines_are_rejected(wrong):
    with pytest.raises(ValueError, match=r"must (be|have)"):
        Line("a", **{"steps": np.arange(2), "values": np.arange(2), **wrong})
