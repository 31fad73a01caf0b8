"""Pictures that do not fit into the number of lines available."""

import numpy as np
import pytest

from dlcli.plot import palette, terminal
from dlcli.plot.charts.confusion import ConfusionChart
from dlcli.plot.charts.embeddings import EmbeddingsChart
from dlcli.plot.charts.hidden_state import HiddenStateChart
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.plot.charts.tiles import Row, Tile, TileGrid, album
from dlcli.plot.charts.tokenization import TokenBox, TokenizationChart, TokenRow
from dlcli.plot.charts.tokens import TokensChart
from dlcli.plot.terminal.fitting import spread, truncate, truncate_blocks
from dlcli.plot.terminal.text import MARKERS

MAX_LINES = 48
RANDOM = np.random.default_rng(0)


def test_truncation_counts_the_lines_left_out():
    assert truncate(["a", "b", "c"], None, "rows") == truncate(["a", "b", "c"], 3, "rows") == ["a", "b", "c"]
    assert truncate(["a", "b", "c", "d"], 3, "rows") == ["a", "b", "2 of 4 rows left out: --full shows all"]
    assert truncate([], 3, "rows") == []


def test_blocks_are_kept_complete_or_left_out():
    assert truncate_blocks([["a", "a"], ["b", "b"], ["c"]], 4, "rows") == [
        "a",
        "a",
        "2 of 3 rows left out: --full shows all",
    ]


@pytest.mark.parametrize(
    ("max_lines", "kept", "left"),
    [(None, "abcde", 0), (9, "abcde", 0), (8, "abde", 1), (6, "ace", 2), (4, "ae", 3), (3, "a", 4)],
)
def test_evenly_spaced_blocks_are_kept(max_lines, kept, left):
    lines = spread([[name] for name in "abcde"], max_lines, "rows")
    note = [f"{left} of 5 rows left out: --full shows all"] * bool(left)
    assert lines == [line for name in kept for line in ("", name)][1:] + note


def test_groups_of_blocks_are_kept_together():
    lines = spread([[name] for name in "aAbBcC"], 8, "rows", together=2)
    assert lines == ["a", "", "A", "", "c", "", "C", "2 of 6 rows left out: --full shows all"]


def _images(count, side):
    return album(RANDOM.random((count, side, side, 1)), [], title="samples", columns=8)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize(("count", "side"), [(1, 8), (64, 8), (64, 32), (100, 28), (3, 300)])
def test_an_album_counts_the_images_left_out(count, side, colour):
    lines = terminal.tiles.album(_images(count, side), colour=colour, max_lines=MAX_LINES)
    assert len(lines) <= MAX_LINES
    complete = terminal.tiles.album(_images(count, side), colour=colour)
    assert ("left out" in lines[0] or "shown here" in lines[0]) == (len(complete) > MAX_LINES)


@pytest.mark.parametrize("colour", [True, False])
def test_rows_of_images_do_not_touch(colour):
    bright = album(np.ones((16, 4, 4, 1)), [], title="samples", columns=8)
    for lines in (
        terminal.tiles.album(bright, colour=colour),
        terminal.tiles.draw(bright, colour=colour, per_line=8),
    ):
        [gap] = [place for place, line in enumerate(lines) if place > 1 and not line.strip()]
        assert gap < len(lines) - 1


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("rows", [1, 4, 30])
def test_a_grid_keeps_its_first_and_last_row(rows, colour):
    content = TileGrid("title", [Row([Tile(RANDOM.random((8, 8)), "caption")], f"row {n}.") for n in range(rows)])
    lines = terminal.tiles.draw(content, colour=colour, max_lines=MAX_LINES)
    assert len(lines) <= MAX_LINES
    assert "row 0." in lines
    assert f"row {rows - 1}." in lines


@pytest.mark.parametrize("classes", [2, 10, 38, 45, 59, 100, 345])
@pytest.mark.parametrize("colour", [True, False])
def test_a_confusion_matrix_of_any_number_of_classes_fits(classes, colour):
    names = [f"class number {n}" for n in range(classes)]
    chart = ConfusionChart("title", RANDOM.integers(0, 9, (classes, classes)), names)
    lines = terminal.confusion.draw(chart, colour=colour, max_lines=MAX_LINES)
    assert len(lines) <= MAX_LINES


@pytest.mark.parametrize("panels", [1, 4, 9])
def test_panels_are_left_out_only_if_lower_ones_do_not_fit(panels):
    line = Line("loss", np.arange(9), RANDOM.random(9))
    chart = LinesChart("title", [Panel([line], f"metric {n}") for n in range(panels)])
    lines = terminal.lines.draw(chart, colour=False, max_lines=MAX_LINES)
    assert len(lines) <= MAX_LINES
    assert ("left out" in lines[-1]) == (panels == 9)


def test_long_texts_and_many_words_fit():
    names = [f"w{n}" for n in range(500)]
    shown = [
        (terminal.tokens, TokensChart("t", names, RANDOM.random(500), [["a"]] * 500, RANDOM.random((500, 1)))),
        (terminal.hidden_state, HiddenStateChart("t", names, range(200), RANDOM.uniform(-1, 1, (200, 500)))),
        (
            terminal.tokenization,
            TokenizationChart(
                "t", "", [TokenRow(n, "count 1", [TokenBox(n, "7", 0.5)] * 40) for n in names[:99]], ("", "")
            ),
        ),
        (
            terminal.embeddings,
            EmbeddingsChart("t", RANDOM.random((500, 2)), names, np.arange(500) % 60, [f"g{n}" for n in range(60)]),
        ),
    ]
    for colour in (True, False):
        drawn = [module.draw(chart, colour=colour, max_lines=MAX_LINES) for module, chart in shown]
        assert [len(lines) <= MAX_LINES for lines in drawn] == [True] * 4
        assert all(any("left out" in line for line in lines) for lines in drawn)


def test_terminal_colours_are_visible_on_black_and_on_white():
    for number in range(20):
        color = palette.terminal_color(number)
        assert color is None or min(palette.contrast(color, np.full(3, background)) for background in (0.0, 1.0)) >= 3


@pytest.mark.parametrize("gray", [0.0, 0.04, 0.15, 0.3])
def test_paths_are_visible_on_the_background_of_a_surface(gray):
    for number in range(8):
        color = palette.terminal_color(number)
        if color is not None:
            assert palette.contrast(palette.lightened(color, np.full(3, gray)), np.full(3, gray)) >= 3


def test_lines_are_distinguishable_without_colour():
    assert len(set(MARKERS)) == len(MARKERS) >= 30
    lines = [Line(f"run {n}", np.arange(3), np.full(3, float(n))) for n in range(20)]
    legend = " ".join(terminal.lines.draw(LinesChart("title", [Panel(lines, "loss")]), colour=False)).split("run 0")[1]
    assert all(f"{mark * 3} run {n}" in legend for n, mark in enumerate(MARKERS[:20]) if n)
