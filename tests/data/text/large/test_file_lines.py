"""Lines of files larger than memory are those of the text."""

import random

import pytest

from dlcli.data.text.large import file_lines
from dlcli.data.text.large.file_lines import FileLines
from dlcli.errors import DatasetError
from dlcli.files import split_lines


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """A block has few lines."""
    monkeypatch.setattr(file_lines, "_BLOCK", 16)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("seed", range(5))
def test_lines_are_those_of_the_text(tmp_path, seed, end):
    draws = random.Random(seed)
    text = "".join(draws.choices(["a", "é", "猫", "\n", "\r\n", "\r", " ", "word " * 9], k=200)) + end
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = FileLines(tmp_path / "text")
    expected = split_lines(text)
    assert list(found) == expected
    numbers = draws.choices(range(len(expected)), k=50)
    assert [found[number] for number in numbers] == [expected[number] for number in numbers]
    assert found[3:9] == expected[3:9]
    assert list(FileLines(tmp_path / "text", keep_returns=True)) == text.split("\n")


def test_bytes_that_are_not_utf8_are_surrogate_escapes(tmp_path):
    (tmp_path / "text").write_bytes(b"one\ncaf\xe9\n")
    assert list(FileLines(tmp_path / "text")) == ["one", "caf\udce9"]


def test_a_file_that_shrinks_is_an_error(tmp_path):
    (tmp_path / "text").write_text("a line\n" * 100)
    lines = FileLines(tmp_path / "text")
    (tmp_path / "text").write_text("a line\n")
    with pytest.raises(DatasetError, match="has changed"):
        lines[90]


def test_lines_of_classic_mac_os_are_told(tmp_path):
    (tmp_path / "text").write_text("one\rtwo\r", newline="")
    assert FileLines(tmp_path / "text").classic
    (tmp_path / "text").write_text("one\r\ntwo\r", newline="")
    assert not FileLines(tmp_path / "text").classic
