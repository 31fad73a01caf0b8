"""What is shown of a picture that has no room."""

import numpy as np
import pytest

from dlcli.plot import palette
from dlcli.plot.boxes import Box, BoxRow
from dlcli.plot.points import Cloud
from dlcli.plot.reading import Read
from dlcli.plot.series import Panel, Series
from dlcli.plot.terminal import album, boxes, charts, cloud, confusion, grid
from dlcli.plot.terminal.fitting import cut, first, spread
from dlcli.plot.terminal.text import MARKS
from dlcli.plot.terminal.tokens import probabilities, states
from dlcli.plot.tiles import Grid, Row, Tile
from dlcli.plot.tiles import album as of_images

MOST = 48
RANDOM = np.random.default_rng(0)


def test_of_too_many_lines_the_first_are_kept_and_the_rest_is_counted():
    assert cut(["a", "b", "c"], None, "rows") == cut(["a", "b", "c"], 3, "rows") == ["a", "b", "c"]
    assert cut(["a", "b", "c", "d"], 3, "rows") == ["a", "b", "2 of 4 rows left out: --full shows all"]
    assert cut([], 3, "rows") == []


def test_what_has_several_lines_is_kept_whole_or_not_at_all():
    assert first([["a", "a"], ["b", "b"], ["c"]], 4, "rows") == ["a", "a", "2 of 3 rows left out: --full shows all"]


@pytest.mark.parametrize(
    ("most", "kept", "left"),
    [(None, "abcde", 0), (9, "abcde", 0), (8, "abde", 1), (6, "ace", 2), (4, "ae", 3), (3, "a", 4)],
)
def test_of_too_many_blocks_those_at_even_distances_are_kept(most, kept, left):
    lines = spread([[name] for name in "abcde"], most, "rows")
    note = [f"{left} of 5 rows left out: --full shows all"] * bool(left)
    assert lines == [line for name in kept for line in ("", name)][1:] + note


def test_blocks_that_belong_together_stay_together():
    lines = spread([[name] for name in "aAbBcC"], 8, "rows", together=2)
    assert lines == ["a", "", "A", "", "c", "", "C", "2 of 6 rows left out: --full shows all"]


def _images(count, side):
    return of_images(RANDOM.random((count, side, side, 1)), [], title="samples", columns=8)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize(("count", "side"), [(1, 8), (64, 8), (64, 32), (300, 28), (10, 300)])
def test_an_album_fits_and_says_how_many_images_are_left_out(count, side, colour):
    lines = album(_images(count, side), colour=colour, most=MOST)
    assert len(lines) <= MOST
    whole = album(_images(count, side), colour=colour)
    assert ("left out" in lines[0] or "shown here" in lines[0]) == (len(whole) > MOST)


@pytest.mark.parametrize("colour", [True, False])
def test_rows_of_images_do_not_touch(colour):
    bright = of_images(np.ones((16, 4, 4, 1)), [], title="samples", columns=8)
    for lines in (album(bright, colour=colour), grid(bright, per_line=8, colour=colour)):
        [gap] = [place for place, line in enumerate(lines) if place > 1 and not line.strip()]
        assert gap < len(lines) - 1


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("rows", [1, 4, 30])
def test_a_grid_fits_and_keeps_its_first_and_last_row(rows, colour):
    content = Grid("title", [Row([Tile(RANDOM.random((8, 8)), "caption")], f"row {n}.") for n in range(rows)])
    lines = grid(content, colour=colour, most=MOST)
    assert len(lines) <= MOST
    assert "row 0." in lines
    assert f"row {rows - 1}." in lines


@pytest.mark.parametrize("classes", [2, 10, 38, 45, 59, 100, 345])
@pytest.mark.parametrize("colour", [True, False])
def test_a_confusion_matrix_of_any_number_of_classes_fits(classes, colour):
    names = [f"class number {n}" for n in range(classes)]
    lines = confusion(RANDOM.integers(0, 9, (classes, classes)), names, colour=colour, most=MOST)
    assert len(lines) <= MOST


@pytest.mark.parametrize("panels", [1, 4, 9])
def test_panels_become_lower_and_then_fewer(panels):
    line = Series("loss", np.arange(9), RANDOM.random(9))
    lines = charts([Panel([line], f"metric {n}") for n in range(panels)], most=MOST, colour=False)
    assert len(lines) <= MOST
    assert ("left out" in lines[-1]) == (panels == 9)


def test_long_texts_and_many_words_fit():
    names = [f"w{n}" for n in range(500)]
    read = Read(names, RANDOM.random(500), [["a"]] * 500, RANDOM.random((500, 1)))
    rows = [BoxRow(name, "1 time", [Box(name, "7", 0.5)] * 40) for name in names]
    points = Cloud(RANDOM.random((500, 2)), names, np.arange(500) % 60, [f"group {n}" for n in range(60)])
    for colour in (True, False):
        drawn = [
            probabilities(read, colour=colour, most=MOST),
            states(names, RANDOM.uniform(-1, 1, (200, 500)), range(200), colour=colour, most=MOST),
            boxes(rows, colour=colour, most=MOST),
            cloud(points, colour=colour, most=MOST),
        ]
        assert [len(lines) <= MOST for lines in drawn] == [True] * 4
        assert all(any("left out" in line for line in lines) for lines in drawn)


def test_every_sign_of_a_terminal_is_seen_on_black_and_on_white():
    for number in range(20):
        ink = palette.terminal_ink(number)
        assert ink is None or min(palette.contrast(ink, np.full(3, ground)) for ground in (0.0, 1.0)) >= 3


@pytest.mark.parametrize("gray", [0.0, 0.04, 0.15, 0.3])
def test_every_trail_is_seen_on_the_ground_of_a_surface(gray):
    for number in range(8):
        ink = palette.terminal_ink(number)
        if ink is not None:
            assert palette.contrast(palette.lightened(ink, np.full(3, gray)), np.full(3, gray)) >= 3


def test_lines_are_told_apart_without_colour():
    assert len(set(MARKS)) == len(MARKS) >= 30
    lines = [Series(f"run {n}", np.arange(3), np.full(3, float(n))) for n in range(20)]
    legend = " ".join(charts([Panel(lines, "loss")], colour=False)).split("run 0")[1]
    assert all(f"{mark * 3} run {n}" in legend for n, mark in enumerate(MARKS[:20]) if n)
