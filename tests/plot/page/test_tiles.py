import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.plot.page import style
from dlcli.plot.palette import as_colors

IMAGE = np.random.default_rng(0).random((4, 6))


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def shown(figure):
    return figure.axes[0].images


def test_each_tile_is_drawn_in_its_own_colours():
    tiles = [Tile(IMAGE), Tile(IMAGE, palette="heat"), Tile(np.stack([IMAGE] * 3, -1))]
    drawn = shown(page.tiles.draw(TileGrid("t", [Row(tiles)])))
    for picture, tile in zip(drawn, tiles, strict=True):
        np.testing.assert_allclose(picture.get_array(), as_colors(tile.pixels, tile.palette))


def test_tiles_keep_their_proportions():
    left, right, bottom, top = shown(page.tiles.draw(TileGrid("t", [Row([Tile(IMAGE)])])))[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(6 / 4)


def test_title_note_labels_and_captions_are_written():
    grid = TileGrid("A title", [Row([Tile(IMAGE, "one")], "first"), Row([Tile(IMAGE, "two")], "second")], "A note")
    assert {"A title", "A note", "first", "second", "one", "two"} <= texts(page.tiles.draw(grid))


def test_a_colour_bar_of_the_grid_has_a_label():
    scale = ColorScale("signed", (-1.5, 1.5), "weight")
    figure = page.tiles.draw(TileGrid("t", [Row([Tile(IMAGE)])], scale=scale))
    assert {"-1.5", "1.5  weight"} <= texts(figure)


def test_a_colour_bar_shows_the_values_at_its_ends():
    row = Row([Tile(IMAGE, palette="heat", limits=(0.0, 2.5))], "conv", ColorScale("heat", (0.0, 2.5)))
    assert {"0", "2.5"} <= texts(page.tiles.draw(TileGrid("t", [row])))


def test_pictures_and_their_captions_do_not_overlap():
    rows = [Row([Tile(IMAGE.T, f"a caption of {number} words") for number in range(5)], "label") for _ in range(3)]
    figure = page.tiles.draw(TileGrid("t", rows))
    with style.applied():
        boxes = [picture.get_window_extent() for picture in shown(figure)]
        boxes += [text.get_window_extent() for text in figure.findobj(Text) if text.get_text()]
    overlaps = [(a, b) for index, a in enumerate(boxes) for b in boxes[:index] if a.overlaps(b)]
    assert not overlaps


def test_everything_is_within_the_page():
    rows = [Row([Tile(IMAGE, "a long caption that needs several lines")] * 20, "a very long label " * 5)]
    figure = page.tiles.draw(TileGrid("A long title " * 30, rows, "A note " * 60))
    with style.applied():
        box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert 0 <= box.x0 < box.x1 <= width + 1e-6
    assert 0 <= box.y0 < box.y1 <= height + 1e-6


def test_annotated_tiles_contain_their_values():
    tile = Tile(np.array([[1.5, 2.0], [0.25, 40.0]]), palette="heat", annotate=True)
    assert {"1.5", "2", "0.25", "40"} <= texts(page.tiles.draw(TileGrid("t", [Row([tile])])))


def test_an_empty_grid_is_rejected():
    with pytest.raises(ValueError, match="at least one tile"):
        TileGrid("t", [Row([])])
