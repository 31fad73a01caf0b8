import logging
import lzma
import unicodedata

import numpy as np
import pytest

from dlcli.data.text import words
from dlcli.data.text.sources import pydocs
from dlcli.data.text.words import LONGEST, VocabularyOptions
from dlcli.errors import DatasetError
from dlcli.techniques.word2vec.options import Train

OPTIONS = VocabularyOptions(pattern="[a-z']+", lower=True, min_count=2)
DEFAULT = VocabularyOptions(Train.model_fields["pattern"].default, lower=True, min_count=1)


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


def test_words_are_the_matches_of_the_pattern_in_lower_case(text):
    corpus = words.read(text(*["Don't STOP, 42 stops!"] * 20), OPTIONS)
    assert set(corpus.facts.words) == {"don't", "stop", "stops"}
    assert sentences(corpus, "train")[0] == ["don't", "stop", "stops"]


def test_words_are_sorted_by_their_frequency_in_training_and_then_by_the_alphabet(text):
    corpus = words.read(text(*["b a c c"] * 40), OPTIONS)
    lines = len(sentences(corpus, "train"))
    assert corpus.facts.words == ("c", "a", "b")
    assert corpus.facts.counts == (2 * lines, lines, lines)


def test_the_neighbours_of_a_dropped_rare_word_become_adjacent(text):
    corpus = words.read(text(*[f"a rare{'x' * n} b" for n in range(1, 30)]), OPTIONS)
    assert set(corpus.facts.words) == {"a", "b"}
    assert all(each == ["a", "b"] for split in corpus.splits for each in sentences(corpus, split))


def test_each_line_is_in_one_split(text):
    lines = [f"common {'a' * n} {'b' * n}" for n in range(1, 101)]
    corpus = words.read(text(*lines), VocabularyOptions("[a-z]+", True, 1))
    sizes = {split: len(each) for split, each in corpus.splits.items()}
    assert sizes == {"train": 70, "validation": 10, "test": 20}


def test_sentences_are_the_lines_with_words_cut_to_the_longest_length(text):
    corpus = words.read(text(*["a b", "", "…", " ".join(["a"] * (LONGEST + 1))] * 20), OPTIONS)
    lengths = np.diff(corpus.splits["train"].starts)
    assert set(lengths) == {2, LONGEST, 1}


def test_a_vocabulary_of_fewer_than_two_words_is_refused(text):
    with pytest.raises(DatasetError, match="at least two words") as raised:
        words.read(text("a b c", "d e f", "g h i"), OPTIONS)
    assert "--min-count" in raised.value.hint


def test_a_second_read_comes_from_the_cache(text, caplog):
    path = text(*["a b"] * 20)
    first = words.read(path, OPTIONS)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        second = words.read(path, OPTIONS)
    assert not caplog.messages
    assert (first.facts, first.digest) == (second.facts, second.digest)
    assert sentences(first, "test") == sentences(second, "test")


def test_the_digest_depends_on_the_text_and_the_options(text):
    first = words.read(text(*["a b"] * 20), OPTIONS).digest
    assert first == words.read(text(*["a b"] * 20), OPTIONS).digest
    assert first != words.read(text(*["a b"] * 20), VocabularyOptions("[a-z']+", True, 3)).digest
    assert first != words.read(text(*["a c"] * 20), OPTIONS).digest


def test_a_damaged_cache_entry_is_rebuilt(text, tmp_path):
    path = text(*["a b"] * 20)
    before = sentences(words.read(path, OPTIONS), "train")
    for file in (tmp_path / "cache" / "data").glob("*.words.ids"):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert sentences(words.read(path, OPTIONS), "train") == before


def test_a_compressed_text_has_the_same_words(text, tmp_path):
    plain = words.read(text(*["a b c"] * 20), OPTIONS)
    with lzma.open(tmp_path / "text.txt.xz", "wt") as file:
        file.write("\n".join(["a b c"] * 20))
    assert words.read(str(tmp_path / "text.txt.xz"), OPTIONS).digest == plain.digest


def test_the_docstrings_of_a_library_have_a_vocabulary(monkeypatch):
    monkeypatch.setattr(pydocs, "LIBRARIES", {"optax": "optax"})
    corpus = words.read("pydocs", VocabularyOptions("[a-z']+", True, 5))
    assert {"array", "function", "returns"} <= set(corpus.facts.words[:200])
    assert set(corpus.splits) == {"train", "validation", "test"}


def test_an_empty_text_is_refused(text):
    with pytest.raises(DatasetError, match="must contain lines of text to train on, found none"):
        words.read(text(), OPTIONS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Кошка СПИТ.", ["кошка", "спит"]),
        ("Straße, Übung!", ["straße", "übung"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("عَرَبِيّ نص", ["عَرَبِيّ", "نص"]),
        ("Tiếng Việt", ["tiếng", "việt"]),
        ("don't say l’amour 'quoted' rock'n'roll", ["don't", "say", "l’amour", "quoted", "rock'n'roll"]),
        ("route 66, well-known", ["route", "66", "well", "known"]),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_word_of_any_language_includes_its_marks_and_inner_apostrophes(text, line, expected, form):
    corpus = words.read(text(*[unicodedata.normalize(form, line)] * 20), DEFAULT)
    assert sentences(corpus, "train")[0] == [unicodedata.normalize("NFC", each) for each in expected]
    assert not list(corpus.coverage.notes(DEFAULT.pattern))


def test_words_are_normalized_to_composed_lower_case():
    assert words.normalized("КОШКА", True) == "кошка"
    assert words.normalized("Cafe\u0301", True) == "café"
    assert words.normalized("Cafe\u0301", False) == "Café"


def test_a_pattern_is_noted_only_if_it_misses_a_fifth_of_the_text(text):
    english = words.read(text(*["abcd efgh!!"] * 20), OPTIONS)
    assert not list(english.coverage.notes(OPTIONS.pattern))
    [note] = words.read(text(*["größer Öl ist da"] * 20), OPTIONS).coverage.notes(OPTIONS.pattern)
    assert "misses 23% of the characters of the training text" in note  # ö, ß and ö of 13
    assert '--pattern "[a-z\']+"' in note


def test_the_coverage_is_cached(text):
    path = text(*["größer Öl ist da"] * 20)
    assert words.read(path, OPTIONS).coverage == words.read(path, OPTIONS).coverage


def test_the_hint_for_a_text_without_matches_is_another_pattern(text):
    with pytest.raises(DatasetError, match=r"found none among the \d+ characters") as raised:
        words.read(text(*["кошка спит"] * 20), OPTIONS)
    assert "--pattern" in raised.value.hint
    assert "--min-count" not in raised.value.hint


def test_the_hint_for_rare_words_is_the_highest_count_that_keeps_two(text):
    path = text(*["a b", "a c", "d e"] * 7)
    with pytest.raises(DatasetError, match=r"found 0 among 5 different words") as raised:
        words.read(path, VocabularyOptions("[a-z]+", True, 50))
    highest = int(raised.value.hint.split()[1])
    assert len(words.read(path, VocabularyOptions("[a-z]+", True, highest)).facts.words) >= 2
    with pytest.raises(DatasetError):
        words.read(path, VocabularyOptions("[a-z]+", True, highest + 1))


def test_the_hint_for_a_single_word_is_not_a_lower_count(text):
    with pytest.raises(DatasetError, match="found 1 among 1 different words") as raised:
        words.read(text(*["a"] * 20), DEFAULT)
    assert "--min-count" not in raised.value.hint


@pytest.mark.parametrize("phrase", ["猫が座っている", "我们今天去北京看朋友", "ประเทศไทยรวมเลือดเนื้อ"])
def test_phrases_of_a_script_without_spaces_are_noted(text, phrase):
    lines = [f"{phrase}{ending}" for ending in "你我他" for _ in range(20)]
    [note] = words.read(text(*lines), DEFAULT).coverage.notes(DEFAULT.pattern)
    assert "without spaces" in note
    with pytest.raises(DatasetError) as raised:
        words.read(text(*[phrase] * 20), DEFAULT)
    assert "subword tokenizer" in raised.value.hint


def test_segmented_text_of_such_a_script_is_not_noted(text):
    assert not list(words.read(text(*["猫 が 座っ て いる", "我们 今天 去 北京"] * 20), DEFAULT).coverage.notes(""))


def test_words_of_more_than_a_thousand_characters_are_dropped_with_a_note(text):
    corpus = words.read(text(*[f"a {'x' * 1_000} b {'y' * 1_001}"] * 20), DEFAULT)
    assert set(corpus.facts.words) == {"a", "b", "x" * 1_000}
    assert list(corpus.coverage.notes("")) == ["1 different words of more than 1,000 characters are dropped"]


def test_the_hint_for_one_overlong_word_is_another_pattern(text):
    with pytest.raises(DatasetError) as raised:
        words.read(text("x" * 1_000_000), DEFAULT)
    assert "--pattern" in raised.value.hint


@pytest.mark.parametrize("line", ["12 34 56", "a\0b\0c", "naïve 😀 b"])
def test_digits_and_control_characters_are_accepted_in_text(text, line):
    assert len(words.read(text(*[line] * 20), DEFAULT).facts.words) >= 2
