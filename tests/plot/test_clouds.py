import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dlcli.plot import clouds, terminal
from dlcli.plot.points import Cloud, corners


@pytest.fixture
def crowd():
    """Eighty points around four places."""
    rng = np.random.default_rng(0)
    places = rng.normal(size=(80, 2)) + np.repeat([[0, 0], [6, 0], [0, 6], [6, 6]], 20, axis=0)
    return Cloud(places, [f"word{n}" for n in range(80)], np.repeat(np.arange(4), 20), ["a", "b", "c", "d"])


def boxes(crowd, room, size):
    places = crowd.within(*room, 0.5)
    sizes = np.tile(size, (len(places), 1))
    found = corners(places, sizes, room, 0.07, (0.05, 0.2))
    return places, [(corner, corner + size) for corner in found if corner is not None]


def contrast_on_white(color):
    """The contrast ratio of WCAG 2.1."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 1.05 / (np.dot(linear, [0.2126, 0.7152, 0.0722]) + 0.05)


def overlap(one, other):
    return all(one[0] < other[1]) and all(other[0] < one[1])


def test_no_label_covers_another_or_a_point_or_leaves_the_canvas(crowd):
    room = (7.0, 7.0)
    places, found = boxes(crowd, room, np.array([0.5, 0.13]))
    assert len(found) > 60
    assert not any(overlap(a, b) for number, a in enumerate(found) for b in found[:number])
    assert not any(all(low < place) and all(place < high) for place in places for low, high in found)
    assert all((low >= 0).all() and (high <= room).all() for low, high in found)


def test_where_there_is_no_room_the_last_labels_go():
    found = corners(np.full([10, 2], 0.5), np.full([10, 2], 0.1), (1.0, 1.0), 0.01, (0.07,))
    assert [each is not None for each in found] == [True] * 8 + [False] * 2


def test_a_point_alone_stands_in_the_middle():
    alone = Cloud(np.zeros([1, 2]), ["alone"], np.zeros(1, int), ["one"])
    np.testing.assert_allclose(alone.within(4.0, 2.0, 0.5), [[2.0, 1.0]])


def test_points_without_a_label_each_are_refused():
    with pytest.raises(ValueError, match="each of 2 points"):
        Cloud(np.zeros([2, 2]), ["one"], np.zeros(2, int), ["a"])


def test_the_drawing_has_a_legend_entry_a_group_and_the_labels(crowd):
    axes = clouds.cloud(crowd, title="a crowd").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c", "d"]
    assert "word0" in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("colour", [True, False])
def test_the_terminal_shows_words_at_their_places_and_the_groups_below(crowd, colour):
    lines = terminal.cloud(crowd, width=80, height=24, colour=colour)
    text = "\n".join(lines)
    assert "word0" in text
    assert len(lines) == 24 + 1 + 4
    if not colour:
        assert max(map(len, lines)) <= 80
        assert [line[0] for line in lines[-4:]] == list("*+ox")


def test_a_label_from_a_stranger_cannot_command_the_terminal():
    rude = Cloud(np.array([[0.0, 0], [1, 1]]), ["\x1b[31m", "b"], np.zeros(2, int), ["\x1b[0m"])
    assert "\x1b" not in "".join(terminal.cloud(rude, width=40, height=5, colour=False))


def test_the_words_of_every_group_can_be_read_on_white():
    places = np.stack([np.arange(9.0), np.arange(9.0)], axis=1)
    groups = [f"group {number}" for number in range(9)]
    axes = clouds.cloud(Cloud(places, groups, np.arange(9), groups), title="nine").axes[0]
    assert len(axes.texts) == 9
    assert min(contrast_on_white(to_rgb(text.get_color())) for text in axes.texts) >= 3  # WCAG 2.1, 1.4.11
