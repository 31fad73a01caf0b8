from dlcli.plot.boxes import Box, BoxRow
from dlcli.plot.terminal import boxes
from dlcli.plot.terminal.text import columns

ROWS = [BoxRow("word", "2 times", [Box("wo", "17", 0.9), Box("rd", "1234", float("nan"))])]
LONG = [BoxRow("a very long label of a row", "", [Box(f"piece{number}", str(number), 0.5) for number in range(30)])]


def test_without_colours_boxes_stand_between_brackets_over_their_notes():
    assert boxes(ROWS, width=40, colour=False) == ["   word [wo] [ rd ]", "2 times  17   1234"]


def test_no_line_is_wider_than_the_terminal_and_no_box_is_lost():
    lines = boxes(LONG, width=50, colour=False)
    assert max(map(columns, lines)) <= 50
    assert all(f"piece{number}" in "\n".join(lines) for number in range(30))


def test_a_piece_that_is_wider_than_the_terminal_is_cut():
    lines = boxes([BoxRow("x", "", [Box("y" * 200, "1", 0.0)])], width=30, colour=False)
    assert max(map(columns, lines)) <= 30
    assert "…" in lines[0]


def test_codes_in_a_piece_do_not_reach_the_terminal():
    lines = boxes([BoxRow("\x1b[31m", "", [Box("\x1b[0m", "1", 0.0)])], width=40, colour=False)
    assert "\x1b" not in "".join(lines)
