import pytest

from dlcli.data.text import lines


def test_lines_that_hold_a_tenth_of_a_text_at_most_stay_whole():
    found = [f"{number:04}" * 60 for number in range(10)]
    assert list(lines.pieces(found)) == found


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_a_text_of_one_line_is_cut_at_spaces_and_nothing_is_lost(length):
    text = ("some words " * length)[:length]
    found = list(lines.pieces([text]))
    assert "".join(found) == text
    assert len(found) >= 9
    assert all(each.endswith(" ") for each in found[:-1])


def test_a_long_line_among_short_ones_is_cut_alone():
    short, long = [f"line {number}" for number in range(50)], "many words " * 1_000
    found = list(lines.pieces([*short, long]))
    assert found[:50] == short
    assert "".join(found[50:]) == long
    assert len(found) > 100


def test_a_line_without_white_space_is_cut_where_none_comes():
    assert {len(each) for each in lines.pieces(["x" * 10_000])} == {200}


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_a_text_of_one_line_or_two_has_something_in_every_split(tmp_path, breaks):
    for count in (1, 2):
        path = tmp_path / f"{count}.txt"
        path.write_bytes(breaks.join(["one two three " * 100] * count).encode())
        assert all(lines.read(str(path))[split] for split in ("train", "validation", "test"))


def test_a_line_separator_of_unicode_or_a_form_feed_ends_no_line(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(f"a\u2028b\fc {number}" for number in range(20)))
    assert sum(map(len, lines.read(str(tmp_path / "text.txt")).values())) == 20
