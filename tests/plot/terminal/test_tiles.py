import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlcli
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid, in_rows
from dlcli.plot.terminal.text import columns
from dlcli.plot.terminal.tiles import draw, image, images, resample

ROOT = Path(dlcli.__file__).parents[1]
RANDOM = np.random.default_rng(0)
CODE = re.compile(r"\x1b\[[0-9;]*m")


def signed(count):
    """A grid of signed maps with a colour bar."""
    tiles = [Tile(RANDOM.normal(size=(3, 3)), str(index), "signed", (-3.0, 3.0)) for index in range(count)]
    return TileGrid("Kernels", in_rows(tiles, 8), scale=ColorScale("signed", (-3.0, 3.0), "weight"))


def plain(lines):
    return [CODE.sub("", line) for line in lines]


def pixels(line):
    """Return the colours of each character of a line of half blocks: its upper and its lower pixel."""
    found = []
    for codes, text in re.findall(r"\x1b\[38;2;([0-9;]*)m(▀+)\x1b\[0m", line):
        upper, _, lower = codes.partition(";48;2;")
        found += [(upper, lower)] * len(text)
    return found


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (28, 28, 1), (32, 32, 3), (300, 200), (3, 500), (500, 3)])
@pytest.mark.parametrize("width", [20, 80])
@pytest.mark.parametrize("colour", [True, False])
def test_an_image_fits_into_its_columns_and_lines(shape, width, colour):
    lines = plain(image(RANDOM.random(shape), width=width, height=10, colour=colour))
    assert len(lines) <= 10
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= width


@pytest.mark.parametrize("colour", [True, False])
def test_an_image_keeps_its_aspect_ratio(colour):
    lines = plain(image(RANDOM.random((100, 150)), width=60, height=40, colour=colour))
    assert len(lines[0]) / (2 * len(lines)) == pytest.approx(1.5, rel=0.06)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 1.0])
def test_a_constant_image_gives_constant_cells(value):
    shown = image(np.full((37, 53), value), width=40, height=9)
    assert len({cell for line in shown for cell in pixels(line)}) == 1
    assert len(set("".join(image(np.full((37, 53), value), width=40, height=9, colour=False)))) == 1


def test_a_small_image_is_enlarged_by_an_integer_factor():
    lines = image(np.array([[0.0, 1.0], [1.0, 0.0]]), width=20, height=5, colour=False)
    assert lines == ["    @@@@", "    @@@@", "@@@@    ", "@@@@    "]


def test_half_blocks_contain_the_upper_and_the_lower_pixel():
    column = np.array([[0.0], [1.0]])
    assert pixels(image(column, width=1, height=1)[0]) == [("0;0;0", "255;255;255")]


def test_an_odd_number_of_rows_has_no_background_in_the_last_line():
    last = image(np.ones((3, 1)), width=1, height=2)[-1]
    assert pixels(last) == [("255;255;255", "")]


def test_brighter_pixels_have_denser_characters():
    (line,) = image(np.linspace(0, 1, 10)[None], width=20, height=1, colour=False)
    assert line == "  ..::--==++**##%%@@"


def test_signs_are_distinguishable_without_colour():
    (line,) = image(np.array([[-1.0, 0.0, 1.0]]), width=6, height=1, palette="signed", colour=False)
    assert line == "==  ##"


def test_nan_is_a_question_mark():
    (line,) = image(np.array([[np.nan, 1.0]]), width=4, height=1, palette="heat", limits=(0.0, 1.0), colour=False)
    assert line == "??@@"


@pytest.mark.parametrize("size", [(3, 5), (10, 14), (7, 7)])
def test_resampling_keeps_the_mean(size):
    values = RANDOM.random((7, 9))
    np.testing.assert_allclose(resample(values, *size).mean(), values.mean(), atol=1e-6)


def test_resampling_by_a_whole_factor_is_the_mean_of_blocks():
    values = RANDOM.random((6, 8, 3))
    blocks = values.reshape(3, 2, 2, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resample(values, 3, 2), blocks, atol=1e-6)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("width", [30, 80])
def test_images_are_side_by_side_with_their_captions(colour, width):
    tiles = [Tile(RANDOM.random((8, 8)), f"caption {number}") for number in range(5)]
    lines = plain(images(tiles, width=width, per_line=3, colour=colour))
    assert max(map(columns, lines)) <= width
    captions = [line for line in lines if "capt" in line]
    assert [line.count("capt") for line in captions] == [3, 2]


def test_a_grid_labels_its_rows_with_the_number_of_tiles_shown():
    rows = [Row([Tile(RANDOM.random((4, 4)))] * 6, "conv1\n4 × 4 × 6", ColorScale("heat", (0.0, 1.0)))]
    lines = draw(TileGrid("The title", rows, "The note"), 80, False, 48, per_line=4)
    assert lines[:2] == ["The title", "The note"]
    assert "conv1, 4 × 4 × 6, 4 of 6 shown here" in lines


def test_a_grid_without_labels_shows_all_its_pictures():
    lines = draw(signed(20), 80, False, per_line=4)
    assert {str(number) for number in range(20)} <= set(" ".join(lines).split())


@pytest.mark.parametrize("colour", [True, False])
def test_a_colour_bar_has_the_limits_and_the_label(colour):
    bar = plain(draw(signed(2), 80, colour))[1]
    assert bar.startswith("-3 ")
    assert bar.endswith(" 3  weight")


def test_a_grid_without_a_colour_bar_explains_its_characters():
    grid = TileGrid("Kernels", signed(2).rows)
    assert any("negative" in line for line in draw(grid, 80, False))
    assert not any("negative" in line for line in draw(grid, 80, True))


def test_no_codes_are_written_without_colour():
    assert "\x1b" not in "".join(draw(signed(4), 80, False) + image(RANDOM.random((9, 9, 3)), colour=False))


def test_more_pictures_than_columns_are_rejected():
    with pytest.raises(ValueError, match="do not fit"):
        images([Tile(np.zeros((2, 2)))], width=20, per_line=12)


def test_the_terminal_loads_no_matplotlib():
    code = "import sys, dlcli.plot.terminal; sys.exit('matplotlib' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
