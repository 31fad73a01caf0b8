import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dlcli.plot import page, terminal
from dlcli.plot.charts.embeddings import EmbeddingsChart, place_labels


@pytest.fixture
def chart():
    """Eighty points around four centres."""
    rng = np.random.default_rng(0)
    positions = rng.normal(size=(80, 2)) + np.repeat([[0, 0], [6, 0], [0, 6], [6, 6]], 20, axis=0)
    return EmbeddingsChart(
        "words", positions, [f"word{n}" for n in range(80)], np.repeat(np.arange(4), 20), ["a", "b", "c", "d"]
    )


def boxes(chart, canvas, size):
    positions = chart.scaled_to(*canvas, 0.5)
    sizes = np.tile(size, (len(positions), 1))
    found = place_labels(positions, sizes, canvas, 0.07, (0.05, 0.2))
    return positions, [(corner, corner + size) for corner in found if corner is not None]


def contrast_on_white(color):
    """The contrast ratio of WCAG 2.1."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 1.05 / (np.dot(linear, [0.2126, 0.7152, 0.0722]) + 0.05)


def overlap(one, other):
    return all(one[0] < other[1]) and all(other[0] < one[1])


def test_labels_overlap_neither_each_other_nor_points(chart):
    canvas = (7.0, 7.0)
    positions, found = boxes(chart, canvas, np.array([0.5, 0.13]))
    assert len(found) > 60
    assert not any(overlap(a, b) for number, a in enumerate(found) for b in found[:number])
    assert not any(all(low < point) and all(point < high) for point in positions for low, high in found)
    assert all((low >= 0).all() and (high <= canvas).all() for low, high in found)


def test_the_last_labels_are_left_out_where_there_is_no_room():
    found = place_labels(np.full([10, 2], 0.5), np.full([10, 2], 0.1), (1.0, 1.0), 0.01, (0.07,))
    assert [each is not None for each in found] == [True] * 8 + [False] * 2


def test_a_single_point_is_in_the_centre():
    alone = EmbeddingsChart("", np.zeros([1, 2]), ["alone"], np.zeros(1, int), ["one"])
    np.testing.assert_allclose(alone.scaled_to(4.0, 2.0, 0.5), [[2.0, 1.0]])


def test_points_without_labels_are_rejected():
    with pytest.raises(ValueError, match="each of 2 points"):
        EmbeddingsChart("", np.zeros([2, 2]), ["one"], np.zeros(2, int), ["a"])


def test_the_figure_has_labels_and_a_legend_of_the_groups(chart):
    axes = page.embeddings.draw(chart).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c", "d"]
    assert "word0" in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("colour", [True, False])
def test_the_terminal_shows_words_above_a_legend_of_the_groups(chart, colour):
    lines = terminal.embeddings.draw(chart, 80, colour, height=24)
    text = "\n".join(lines)
    assert "word0" in text
    assert len(lines) == 1 + 24 + 1 + 4
    if not colour:
        assert max(map(len, lines)) <= 80
        assert [line[0] for line in lines[-4:]] == list("*+ox")


def test_escape_codes_in_a_label_do_not_reach_the_terminal():
    untrusted = EmbeddingsChart("", np.array([[0.0, 0], [1, 1]]), ["\x1b[31m", "b"], np.zeros(2, int), ["\x1b[0m"])
    assert "\x1b" not in "".join(terminal.embeddings.draw(untrusted, 40, False, height=5))


def test_the_labels_of_every_group_are_legible_on_white():
    positions = np.stack([np.arange(9.0), np.arange(9.0)], axis=1)
    groups = [f"group {number}" for number in range(9)]
    axes = page.embeddings.draw(EmbeddingsChart("nine", positions, groups, np.arange(9), groups)).axes[0]
    assert len(axes.texts) == 9
    assert min(contrast_on_white(to_rgb(text.get_color())) for text in axes.texts) >= 3  # WCAG 2.1, 1.4.11


def test_three_dimensions_turn_once_and_draw_every_point():
    positions = np.random.default_rng(1).normal(size=(50, 3))
    chart = EmbeddingsChart(
        "words", positions, [f"word{n}" for n in range(50)], np.arange(50) % 2, ["a", "b"], [(0, 1)]
    )
    animation = page.embeddings.turn(chart)
    axes = animation.drawing.axes[0]
    points = np.concatenate([np.stack(each._offsets3d, axis=1) for each in axes.collections[:2]])
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(positions, axis=0))
    assert axes.get_legend().get_texts()[1].get_text() == "b"
    first = axes.azim
    animation.show(animation.frames // 2)
    assert axes.azim == first + 180
    assert terminal.embeddings.draw(chart, 80, False)
