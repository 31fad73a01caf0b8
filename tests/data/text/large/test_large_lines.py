"""Lines and words of texts larger than memory are those of texts in memory."""

import random

import numpy as np
import pytest

from dlcli.data import splits
from dlcli.data.text import lines, word_batches, word_spool, words
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import large_lines
from dlcli.data.text.large.large_lines import LargeLines, LargeRawLines
from dlcli.data.text.word_batches import Batcher, ContextOptions
from dlcli.data.text.words import VocabularyOptions

IN_MEMORY = ReadOptions(in_memory=True)
OPTIONS = VocabularyOptions(r"\w+", lower=True, min_count=2)
WORDS = [
    "the",
    "a",
    "of",
    "Jabberwock",
    "über",
    "straße",
    "naïve",
    "猫",
    "κόσμος",
    "brillig",
    "slithy",
    "toves",
    "wabe",
]


@pytest.fixture(autouse=True)
def small(small_pieces, monkeypatch):
    """Whatever is done in parts is done in many parts."""
    monkeypatch.setattr(large_lines, "_CANDIDATE", 50)
    monkeypatch.setattr(word_spool, "_CHUNK", 100)
    monkeypatch.setattr(word_batches, "_BLOCK", 4)


def text_of(count, separator="\n", seed=0):
    """Lines of one to twenty words, some of them empty."""
    draws = random.Random(seed)
    return separator.join(" ".join(draws.choices(WORDS, k=draws.choice((0, *range(1, 20))))) for _ in range(count))


def by_split(found):
    groups = {}
    for split, line in found:
        groups.setdefault(split, []).append(line)
    return groups


TEXTS = {
    "lines": text_of(300) + "\n",
    "without a last line end": text_of(300),
    "line ends of Windows": text_of(300, "\r\n"),
    "carriage returns within lines": text_of(300, "\r\n") + "\r",
    "one line": text_of(300, " "),
    "a long line between short ones": text_of(100) + "\n" + text_of(200, " ") + "\n" + text_of(100, seed=1),
    "a long line without white space": text_of(10) + "\n" + "x" * 9_000,
    "empty lines": "\n" * 1_000 + "a b\n" * 50,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_lines_and_splits_are_those_of_a_text_in_memory(tmp_path, text):
    (tmp_path / "raw.txt").write_bytes(text.encode())
    large = lines.read(str(tmp_path / "raw.txt"))
    assert isinstance(large, LargeRawLines)
    whole = by_split(lines.read(str(tmp_path / "raw.txt"), IN_MEMORY))
    assert by_split(large) == whole
    assert by_split(large) == whole  # read once more


@pytest.mark.parametrize("names", [("train", "test"), ("first", "second", "third", "fourth", "fifth")])
def test_lines_of_a_folder_are_those_of_a_folder_in_memory(tmp_path, names):
    folder = tmp_path / "set"
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / f"{name}.txt").write_text(text_of(80, "\r\n" if number == 1 else "\n", seed=number), newline="")
    large = lines.read(str(folder))
    assert isinstance(large, LargeLines)
    assert by_split(large) == by_split(lines.read(str(folder), IN_MEMORY))


@pytest.mark.parametrize("text", [TEXTS["lines"], TEXTS["one line"]], ids=["lines", "one line"])
def test_words_and_batches_are_those_of_a_text_in_memory(tmp_path, text):
    (tmp_path / "raw.txt").write_text(text)
    large, whole = (words.read(str(tmp_path / "raw.txt"), OPTIONS, each) for each in (ReadOptions(), IN_MEMORY))
    assert (large.facts, large.coverage, large.splits.keys()) == (whole.facts, whole.coverage, whole.splits.keys())
    for split in whole.splits:
        assert np.array_equal(large.splits[split].words, whole.splits[split].words)
        assert np.array_equal(large.splits[split].starts, whole.splits[split].starts)
    options = ContextOptions(window=3, sample=1e-2, batch_size=64)
    made = [Batcher(each.splits["train"], each.facts.counts, options) for each in (large, whole)]
    for _, one, other in zip(range(90), *(word_batches.train_from(each, 0, 5) for each in made), strict=False):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_sentence_longer_than_a_part_is_one_sentence(tmp_path):
    (tmp_path / "raw.txt").write_text("\n".join([" ".join(["a b"] * 400)] * 30))
    assert set(np.diff(words.read(str(tmp_path / "raw.txt"), OPTIONS).splits["train"].starts)) == {800}


def test_the_digest_of_a_large_text_depends_on_the_text(tmp_path):
    found = []
    for text in (TEXTS["lines"], TEXTS["lines"] + "more"):
        (tmp_path / "raw.txt").write_text(text)
        found.append(lines.read(str(tmp_path / "raw.txt")).digest("options"))
    assert found[0] != found[1]
    assert found[1] == lines.read(str(tmp_path / "raw.txt")).digest("options")
    assert found[1] != lines.read(str(tmp_path / "raw.txt")).digest("others")


@pytest.mark.parametrize("count", [1, 2, 7, 1_000, 120_000])
def test_held_out_examples_are_those_of_numbered_examples(monkeypatch, count):
    monkeypatch.setattr(splits, "_CHUNK", 1_000)
    whole = splits.numbered(count)
    for name, found in splits.held_out_numbers(count).items():
        assert np.array_equal(found, whole[name])
