from __future__ import annotations

import json
import random
import time

import numpy as np
import pytest
from tokenizers import Tokenizer as Library

from dlcli.data.text import tokenizers
from dlcli.data.text.sets import Documents
from dlcli.data.text.tokenizers import END, KINDS, PADDING, START, UNKNOWN
from dlcli.errors import DatasetError, RunError, UsageError

DOCUMENTS = [
    "Compute the eigenvalues of a matrix.\n\n    The matrix must be symmetric.\n",
    "Return the sorted eigenvalues, each repeated according to its multiplicity.",
    "naïve café: 矩阵 😀 don't <end> x_1 == 2",
] * 3

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def trained():
    return {kind: tokenizers.train(kind, 400, DOCUMENTS) for kind in KINDS}


@every_kind
def test_special_tokens_have_the_first_ids(trained, kind):
    assert trained[kind].entries[:4] == ("<pad>", "<unk>", "<start>", "<end>")
    assert (PADDING, UNKNOWN, START, END) == (0, 1, 2, 3)


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_decoding_gives_the_text_that_was_encoded(trained, kind):
    for text in [*DOCUMENTS, "", " ", "\n\n  a\t", "<pad><end>"[5:]]:
        if kind == "bpe" or set(text) <= set("".join(DOCUMENTS)):
            assert trained[kind].decode(trained[kind].encode(text)) == text


def test_bpe_restores_any_text(trained):
    choose = random.Random(0)
    for _ in range(50):
        text = "".join(chr(choose.choice([10, 32, 65, 97, 233, 0x2028, 0x4E00, 0x1F600, 0x301])) for _ in range(30))
        assert trained["bpe"].decode(trained["bpe"].encode(text)) == text


@every_kind
def test_the_name_of_a_special_token_in_a_text_is_text(trained, kind):
    ids = trained[kind].encode("<end> <start> <pad>")
    assert not {PADDING, START, END} & set(ids.tolist())


@every_kind
def test_what_is_encoded_is_what_the_library_makes_of_the_json(trained, kind):
    library = Library.from_str(trained[kind].to_json())
    library.encode_special_tokens = True
    for text in [*DOCUMENTS[:3], "unseen Ω words"]:
        assert trained[kind].encode(text).tolist() == library.encode(text).ids


@every_kind
def test_long_texts_are_cut_where_it_does_not_show(trained, kind, monkeypatch):
    text = "\n".join(DOCUMENTS * 3) + "\n \n\n'tis\n  so"
    whole = trained[kind].encode(text).tolist()
    monkeypatch.setattr(tokenizers, "_PIECE", 5)
    assert trained[kind].encode(text).tolist() == whole


@every_kind
def test_many_texts_are_encoded_in_order(trained, kind):
    texts = [f"the matrix {number}" for number in range(150)] + [""]
    together = [ids.tolist() for ids in trained[kind].encode_all(texts)]
    assert together == [trained[kind].encode(text).tolist() for text in texts]


@every_kind
def test_its_json_gives_the_same_tokenizer(trained, kind):
    again = tokenizers.from_json(trained[kind].to_json())
    assert again.kind == kind
    assert again.to_json() == trained[kind].to_json()
    assert again.encode(DOCUMENTS[0]).tolist() == trained[kind].encode(DOCUMENTS[0]).tolist()


@every_kind
def test_training_twice_gives_the_same_and_keeps_to_the_size(trained, kind):
    again = tokenizers.train(kind, 400, DOCUMENTS)
    assert again.to_json() == trained[kind].to_json()
    assert len(again) <= 400


def test_what_the_vocabulary_lacks_is_unknown_but_for_bytes(trained):
    for kind in KINDS:
        assert (UNKNOWN in trained[kind].encode("Ω").tolist()) == (kind != "bpe")
    assert trained["characters"].decode(trained["characters"].encode("aΩa")) == "a<unk>a"


def test_the_most_frequent_characters_and_words_are_kept():
    assert tokenizers.train("characters", 6, ["aaab", "bbbac"]).entries[4:] == ("a", "b")
    assert tokenizers.train("words", 6, ["b b b a a c"]).entries[4:] == ("b", "a")


def test_the_first_merge_is_the_most_frequent_pair():
    tokenizer = tokenizers.train("bpe", 261, ["abab abab cd"])
    assert tokenizer.entries[-1] == "ab"


def test_pieces_show_what_cannot_be_seen(trained):
    shown = trained["bpe"].pieces(trained["bpe"].encode(" Ω\n"))
    assert "".join(shown) == "␣⟨CE⟩⟨A9⟩↵"
    assert trained["characters"].pieces([END, *trained["characters"].encode("a b")]) == ["<end>", "a", "␣", "b"]


@every_kind
def test_half_a_character_is_refused(trained, kind):
    with pytest.raises(ValueError, match="found the byte 0xe9"):
        trained[kind].encode("\udce9")


def test_too_small_a_vocabulary_and_nothing_to_learn_from_are_refused():
    with pytest.raises(ValueError, match="bpe must have 260 entries or more, got 259"):
        tokenizers.train("bpe", 259, DOCUMENTS)
    with pytest.raises(DatasetError, match="must have text to learn from"):
        tokenizers.train("words", 100, ["", " \n"])


def test_unigram_keeps_to_the_least_size_that_it_asks_for():
    with pytest.raises(
        UsageError, match="unigram needs --vocab-size 11 or more for the characters of this text, got 8"
    ):
        tokenizers.train("unigram", 8, ["abc abd\u2003abe"])
    with pytest.raises(UsageError, match="got 10"):
        tokenizers.train("unigram", 10, ["abc abd\u2003abe"])
    assert len(tokenizers.train("unigram", 11, ["abc abd\u2003abe"])) == 11


def test_wordpiece_knows_a_word_of_the_text_or_says_what_it_needs():
    text = "eel ell ten ten tee teen"  # e, the space, t and n are the most frequent
    with pytest.raises(UsageError, match="wordpiece needs --vocab-size 24 or more to know a word of this text, got 8"):
        tokenizers.train("wordpiece", 8, [text])
    with pytest.raises(UsageError, match="got 23"):
        tokenizers.train("wordpiece", 23, [text])
    ids = tokenizers.train("wordpiece", 24, [text]).encode(text)
    assert 0 < np.count_nonzero(ids == UNKNOWN) < len(ids)


def spoil(found, where, value):
    *path, last = where
    inner = found
    for name in path:
        inner = inner[name]
    inner[last] = value
    return json.dumps(found)


@pytest.mark.parametrize(
    ("kind", "where", "value"),
    [
        ("bpe", ["model", "vocab"], {"<pad>": 0}),
        ("bpe", ["model", "vocab", "a"], -1),
        ("bpe", ["model", "vocab", "a"], "0"),
        ("bpe", ["model", "merges"], [["q", "zzz"]]),
        ("bpe", ["model", "merges"], [["q"]]),
        ("bpe", ["model", "vocab"], {"<pad>": 0, "<unk>": 1, "<start>": 2, "<end>": 3, "a": 4}),
        ("bpe", ["model"], {"type": "BPE", "vocab": {"<pad>": 0}, "merges": []}),
        (
            "bpe",
            ["pre_tokenizer"],
            {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False},
        ),
        ("bpe", ["model"], None),
        ("unigram", ["model", "vocab"], [["<pad>", 0.0], ["<unk>", 0.0], ["<start>", 0.0], ["<end>", float("nan")]]),
        ("unigram", ["model", "vocab"], []),
        ("unigram", ["model", "vocab"], [["<pad>"]]),
        ("unigram", ["model", "unk_id"], 7),
        ("characters", ["model", "vocab", "<pad>"], 1),
        ("words", ["model", "vocab", ""], 4),
        ("wordpiece", ["normalizer"], {"type": "Lowercase"}),
    ],
)
def test_a_hostile_file_is_refused(trained, kind, where, value, tmp_path):
    (tmp_path / "tokenizer.json").write_text(spoil(json.loads(trained[kind].to_json()), where, value))
    with pytest.raises(DatasetError, match=r"tokenizer\.json cannot be read as a tokenizer"):
        tokenizers.load(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"model": 3}', "\x00"])
def test_what_is_no_tokenizer_at_all_is_refused(content, tmp_path):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(DatasetError, match="cannot be read as a tokenizer"):
        tokenizers.load(tmp_path / "t.json")


def test_an_option_names_a_kind_a_file_or_the_folder_of_a_run(trained, tmp_path):
    (tmp_path / "tokenizer.json").write_text(trained["bpe"].to_json())
    assert tokenizers.resolve("bpe", 400, Documents(DOCUMENTS)).digest == trained["bpe"].digest
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        assert tokenizers.resolve(str(path), 0, Documents([])).digest == trained["bpe"].digest


def test_a_tokenizer_is_trained_once_on_the_same_text(monkeypatch):
    first = tokenizers.resolve("words", 50, Documents(DOCUMENTS))
    monkeypatch.setattr(tokenizers, "train", lambda *_: pytest.fail("trained again"))
    assert tokenizers.resolve("words", 50, Documents(DOCUMENTS)).digest == first.digest


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.json must be a tokenizer, and does not exist"):
        tokenizers.resolve(str(tmp_path / "none.json"), 0, Documents([]))
    with pytest.raises(RunError, match="does not exist"):
        tokenizers.resolve(str(tmp_path), 0, Documents([]))


def test_a_million_characters_take_no_time(trained):
    tokenizer = trained["characters"]
    ids = tokenizer.encode("the matrix " * 100_000)
    assert len(ids) == 1_100_000
    assert np.array_equal(ids[:11], tokenizer.encode("the matrix "))


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_a_byte_that_is_not_utf8_is_named(kind):
    tokenizer = tokenizers.train(kind, 300, ["blade " * 20])
    with pytest.raises(ValueError, match="must be UTF-8, found the byte 0x80 after 5 characters"):
        tokenizer.encode("blade\udc80")


def test_learning_from_text_without_white_space_takes_time_in_proportion_to_it():
    def seconds(length):
        start = time.process_time()
        tokenizers.train("bpe", 300, ["é" * length])
        return time.process_time() - start

    seconds(100)
    assert seconds(40_000) < 10 * max(seconds(10_000), 0.02)  # with its square, 16 times


def test_a_long_run_without_white_space_is_learnt_from_whole():
    text = "ab" * 500
    assert len(tokenizers.train("bpe", 300, [text]).encode(text)) < 20
