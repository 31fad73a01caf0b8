import logging
import lzma

import numpy as np
import pytest

from dlcli.data import words
from dlcli.data.words import LONGEST, Rules
from dlcli.errors import DatasetError

RULES = Rules(pattern="[a-z']+", lower=True, least=2)


@pytest.fixture
def text(tmp_path, monkeypatch):
    """Write lines to a text file, and return its path; nothing is in the cache."""
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "cache"))

    def write(*lines: str) -> str:
        (tmp_path / "text.txt").write_text("\n".join(lines))
        return str(tmp_path / "text.txt")

    return write


def sentences(corpus, split):
    found = corpus.splits[split]
    pairs = zip(found.starts[:-1], found.starts[1:], strict=True)
    return [[corpus.facts.words[number] for number in found.words[start:end]] for start, end in pairs]


def test_a_word_is_what_the_pattern_finds_in_lower_case(text):
    corpus = words.read(text(*["Don't STOP, 42 stops!"] * 20), RULES)
    assert set(corpus.facts.words) == {"don't", "stop", "stops"}
    assert sentences(corpus, "train")[0] == ["don't", "stop", "stops"]


def test_words_come_by_their_frequency_in_the_training_part_and_then_by_the_alphabet(text):
    corpus = words.read(text(*["b a c c"] * 40), RULES)
    lines = len(sentences(corpus, "train"))
    assert corpus.facts.words == ("c", "a", "b")
    assert corpus.facts.counts == (2 * lines, lines, lines)


def test_rare_words_are_left_out_and_their_neighbours_meet(text):
    corpus = words.read(text(*[f"a rare{'x' * n} b" for n in range(1, 30)]), RULES)
    assert set(corpus.facts.words) == {"a", "b"}
    assert all(each == ["a", "b"] for split in corpus.splits for each in sentences(corpus, split))


def test_each_line_is_in_one_split(text):
    lines = [f"common {'a' * n} {'b' * n}" for n in range(1, 101)]
    corpus = words.read(text(*lines), Rules("[a-z]+", True, 1))
    sizes = {split: len(each) for split, each in corpus.splits.items()}
    assert sizes == {"train": 70, "validation": 10, "test": 20}


def test_a_line_without_words_is_no_sentence_and_a_long_one_is_cut(text):
    corpus = words.read(text(*["a b", "", "…", " ".join(["a"] * (LONGEST + 1))] * 20), RULES)
    lengths = np.diff(corpus.splits["train"].starts)
    assert set(lengths) == {2, LONGEST, 1}


def test_a_vocabulary_of_fewer_than_two_words_is_refused(text):
    with pytest.raises(DatasetError, match="two words or more") as raised:
        words.read(text("a b c", "d e f", "g h i"), RULES)
    assert "--min-count" in raised.value.hint


def test_what_was_read_once_comes_from_the_cache(text, caplog):
    path = text(*["a b"] * 20)
    first = words.read(path, RULES)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        second = words.read(path, RULES)
    assert not caplog.messages
    assert (first.facts, first.digest) == (second.facts, second.digest)
    assert sentences(first, "test") == sentences(second, "test")


def test_another_text_or_other_rules_have_another_digest(text):
    first = words.read(text(*["a b"] * 20), RULES).digest
    assert first == words.read(text(*["a b"] * 20), RULES).digest
    assert first != words.read(text(*["a b"] * 20), Rules("[a-z']+", True, 3)).digest
    assert first != words.read(text(*["a c"] * 20), RULES).digest


def test_a_damaged_cache_is_made_anew(text, tmp_path):
    path = text(*["a b"] * 20)
    before = sentences(words.read(path, RULES), "train")
    for file in (tmp_path / "cache" / "data").glob("*.words.npy"):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert sentences(words.read(path, RULES), "train") == before


def test_a_packed_text_is_the_same_text(text, tmp_path):
    plain = words.read(text(*["a b c"] * 20), RULES)
    with lzma.open(tmp_path / "text.txt.xz", "wt") as file:
        file.write("\n".join(["a b c"] * 20))
    assert words.read(str(tmp_path / "text.txt.xz"), RULES).digest == plain.digest


def test_the_docstrings_of_the_installation_are_a_text_of_words():
    corpus = words.read("pydocs", Rules("[a-z']+", True, 5))
    assert {"array", "function", "returns"} <= set(corpus.facts.words[:200])
    assert set(corpus.splits) == {"train", "validation", "test"}


def test_an_empty_text_is_refused(text):
    with pytest.raises(DatasetError, match="must hold lines of text to train on, found none"):
        words.read(text(), RULES)
