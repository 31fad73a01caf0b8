from dlcli.plot import terminal
from dlcli.plot.charts.tokenization import TokenBox, TokenizationChart, TokenRow
from dlcli.plot.terminal.text import columns

ROWS = [TokenRow("word", "2 times", [TokenBox("wo", "17", 0.9), TokenBox("rd", "1234", float("nan"))])]
LONG = [
    TokenRow("a very long label of a row", "", [TokenBox(f"token{number}", str(number), 0.5) for number in range(30)])
]


def draw(rows, width):
    chart = TokenizationChart("title", "note", rows, ("dark", "light"))
    title, note, blank, *lines = terminal.tokenization.draw(chart, width, colour=False)
    assert (title, note, blank) == ("title", "note", "")
    return lines


def test_without_colour_tokens_are_in_brackets_above_their_notes():
    assert draw(ROWS, 40) == ["   word [wo] [ rd ]", "2 times  17   1234"]


def test_long_rows_are_wrapped_to_the_width_of_the_terminal():
    lines = draw(LONG, 50)
    assert max(map(columns, lines)) <= 50
    assert all(f"token{number}" in "\n".join(lines) for number in range(30))


def test_a_token_wider_than_the_terminal_is_truncated():
    lines = draw([TokenRow("x", "", [TokenBox("y" * 200, "1", 0.0)])], 30)
    assert max(map(columns, lines)) <= 30
    assert "…" in lines[0]


def test_escape_codes_in_a_token_do_not_reach_the_terminal():
    lines = draw([TokenRow("\x1b[31m", "", [TokenBox("\x1b[0m", "1", 0.0)])], 40)
    assert "\x1b" not in "".join(lines)
