import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from dlcli.plot import page
from dlcli.plot.charts.tokenization import TokenBox, TokenizationChart, TokenRow

ROWS = [
    TokenRow("first", "3 times", [TokenBox("a", "1", 1.0), TokenBox("b", "2", 0.0), TokenBox("c", "3", float("nan"))]),
    TokenRow("second, which is long", "", [TokenBox("word", str(number), 0.5) for number in range(40)]),
]


def drawn(rows=ROWS):
    figure = page.tokenization.draw(TokenizationChart("title", "note", rows, ("dark", "light")))
    [axes] = figure.axes
    return figure, axes


def test_each_token_is_written_with_its_note():
    _, axes = drawn()
    written = [text.get_text() for text in axes.texts]
    assert written.count("word") == 40
    assert {"first", "3 times", "a", "1", "39", "dark", "light", "note"} <= set(written)


def test_boxes_are_within_the_page_without_overlaps():
    figure, axes = drawn()
    width, height = figure.get_size_inches()
    places = [patch.get_bbox() for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    assert len(places) == 43
    assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in places)
    assert not any(
        left.x0 < right.x1 and right.x0 < left.x1 and left.y0 < right.y1 and right.y0 < left.y1
        for number, left in enumerate(places)
        for right in places[:number]
    )


def test_a_text_fits_into_its_box():
    figure, axes = drawn()
    figure.draw_without_rendering()
    places = [p.get_window_extent() for p in axes.patches if isinstance(p, Rectangle) and p.get_fill()]
    for text in (each for each in axes.texts if each.get_text() in ("a", "b", "word", "39")):
        extent = text.get_window_extent()
        assert any(p.x0 <= extent.x0 and extent.x1 <= p.x1 and p.y0 <= extent.y0 and extent.y1 <= p.y1 for p in places)


def test_the_text_of_each_box_is_legible():
    _, axes = drawn(ROWS[:1])
    dark, light, none = (patch for patch in axes.patches if patch.get_fill())
    assert to_hex(none.get_facecolor()) == "#999999"
    assert to_hex(light.get_facecolor()) == "#ffffff"
    colors = {text.get_text(): to_hex(text.get_color()) for text in axes.texts}
    assert (colors["a"], colors["b"]) == ("#ffffff", "#000000")
    assert to_hex(dark.get_facecolor()) == "#08306b"


def test_a_chart_without_rows_is_rejected():
    with pytest.raises(ValueError, match="at least one row"):
        TokenizationChart("", "", [], ("", ""))
