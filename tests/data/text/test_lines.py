import pytest

from dlcli.data.text import lines


def test_lines_of_at_most_a_tenth_of_the_text_stay_whole():
    found = [f"{number:04}" * 60 for number in range(10)]
    assert list(lines.pieces(found)) == found


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_a_text_of_one_line_is_cut_at_spaces(length):
    text = ("some words " * length)[:length]
    found = list(lines.pieces([text]))
    assert "".join(found) == text
    assert len(found) >= 9
    assert all(each.endswith(" ") for each in found[:-1])


def test_short_lines_next_to_a_long_one_stay_whole():
    short, long = [f"line {number}" for number in range(50)], "many words " * 1_000
    found = list(lines.pieces([*short, long]))
    assert found[:50] == short
    assert "".join(found[50:]) == long
    assert len(found) > 100


def test_a_line_without_white_space_is_cut_at_twice_the_length():
    assert {len(each) for each in lines.pieces(["x" * 10_000])} == {200}


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_a_text_of_few_lines_has_pieces_in_every_split(tmp_path, breaks):
    for count in (1, 2):
        path = tmp_path / f"{count}.txt"
        path.write_bytes(breaks.join(["one two three " * 100] * count).encode())
        assert all(lines.read(str(path)).splits[split] for split in ("train", "validation", "test"))


def test_unicode_separators_do_not_end_a_line(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(f"a\u2028b\fc {number}" for number in range(20)))
    assert sum(map(len, lines.read(str(tmp_path / "text.txt")).splits.values())) == 20
