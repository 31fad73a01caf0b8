from __future__ import annotations

import json
import random
import time

import numpy as np
import pytest
from tokenizers import Tokenizer as Library

from dlcli.data.text import tokenizer_pipelines, tokenizers
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
def test_decoding_restores_the_encoded_text(trained, kind):
    for text in [*DOCUMENTS, "", " ", "\n\n  a\t", "<pad><end>"[5:]]:
        if kind == "bpe" or set(text) <= set("".join(DOCUMENTS)):
            assert trained[kind].decode(trained[kind].encode(text)) == text


def test_bpe_restores_any_text(trained):
    choose = random.Random(0)
    for _ in range(50):
        text = "".join(chr(choose.choice([10, 32, 65, 97, 233, 0x2028, 0x4E00, 0x1F600, 0x301])) for _ in range(30))
        assert trained["bpe"].decode(trained["bpe"].encode(text)) == text


@every_kind
def test_special_tokens_in_a_text_are_ordinary_characters(trained, kind):
    ids = trained[kind].encode("<end> <start> <pad>")
    assert not {PADDING, START, END} & set(ids.tolist())


@every_kind
def test_the_library_encodes_the_same_ids_from_the_json(trained, kind):
    library = Library.from_str(trained[kind].to_json())
    library.encode_special_tokens = True
    for text in [*DOCUMENTS[:3], "unseen Ω words"]:
        assert trained[kind].encode(text).tolist() == library.encode(text).ids


@every_kind
def test_encoding_in_pieces_does_not_change_the_ids(trained, kind, monkeypatch):
    text = "\n".join(DOCUMENTS * 3) + "\n \n\n'tis\n  so"
    whole = trained[kind].encode(text).tolist()
    monkeypatch.setattr(tokenizer_pipelines, "_PIECE", 5)
    assert trained[kind].encode(text).tolist() == whole


@every_kind
def test_many_texts_are_encoded_in_order(trained, kind):
    texts = [f"the matrix {number}" for number in range(150)] + [""]
    together = [ids.tolist() for ids in trained[kind].encode_all(texts)]
    assert together == [trained[kind].encode(text).tolist() for text in texts]


@every_kind
def test_the_json_gives_the_same_tokenizer(trained, kind):
    again = tokenizers.from_json(trained[kind].to_json())
    assert again.kind == kind
    assert again.to_json() == trained[kind].to_json()
    assert again.encode(DOCUMENTS[0]).tolist() == trained[kind].encode(DOCUMENTS[0]).tolist()


@every_kind
def test_training_is_deterministic(trained, kind):
    again = tokenizers.train(kind, 400, DOCUMENTS)
    assert again.to_json() == trained[kind].to_json()
    assert len(again) <= 400


def test_characters_outside_the_vocabulary_are_unknown_except_in_bpe(trained):
    for kind in KINDS:
        assert (UNKNOWN in trained[kind].encode("Ω").tolist()) == (kind != "bpe")
    assert trained["characters"].decode(trained["characters"].encode("aΩa")) == "a<unk>a"


def test_the_most_frequent_entries_are_kept():
    assert tokenizers.train("characters", 6, ["aaab", "bbbac"]).entries[4:] == ("a", "b")
    assert tokenizers.train("words", 6, ["b b b a a c"]).entries[4:] == ("b", "a")


def test_the_first_merge_is_the_most_frequent_pair():
    tokenizer = tokenizers.train("bpe", 261, ["abab abab cd"])
    assert tokenizer.entries[-1] == "ab"


def test_pieces_make_white_space_visible(trained):
    shown = trained["bpe"].pieces(trained["bpe"].encode(" Ω\n"))
    assert "".join(shown) == "␣⟨CE⟩⟨A9⟩↵"
    assert trained["characters"].pieces([END, *trained["characters"].encode("a b")]) == ["<end>", "a", "␣", "b"]


@every_kind
def test_a_lone_surrogate_is_refused(trained, kind):
    with pytest.raises(ValueError, match="found the byte 0xe9"):
        trained[kind].encode("\udce9")


def test_training_without_enough_input_is_refused():
    with pytest.raises(ValueError, match="a bpe tokenizer needs a vocabulary of at least 260 entries, got 259"):
        tokenizers.train("bpe", 259, DOCUMENTS)
    with pytest.raises(DatasetError, match="needs text to train on"):
        tokenizers.train("words", 100, ["", " \n"])


def test_the_least_size_of_unigram_suffices():
    with pytest.raises(
        UsageError, match="unigram needs --vocab-size 11 or more to include the characters of this text, got 8"
    ):
        tokenizers.train("unigram", 8, ["abc abd\u2003abe"])
    with pytest.raises(UsageError, match="got 10"):
        tokenizers.train("unigram", 10, ["abc abd\u2003abe"])
    assert len(tokenizers.train("unigram", 11, ["abc abd\u2003abe"])) == 11


def test_the_least_size_of_wordpiece_suffices():
    text = "eel ell ten ten tee teen"  # e, the space, t and n are the most frequent
    with pytest.raises(UsageError, match="needs --vocab-size 24 or more to encode any word of this text, got 8"):
        tokenizers.train("wordpiece", 8, [text])
    with pytest.raises(UsageError, match="got 23"):
        tokenizers.train("wordpiece", 23, [text])
    ids = tokenizers.train("wordpiece", 24, [text]).encode(text)
    assert 0 < np.count_nonzero(ids == UNKNOWN) < len(ids)


def replaced(found, where, value):
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
def test_a_malicious_file_is_refused(trained, kind, where, value, tmp_path):
    (tmp_path / "tokenizer.json").write_text(replaced(json.loads(trained[kind].to_json()), where, value))
    with pytest.raises(DatasetError, match=r"tokenizer\.json cannot be read as a tokenizer"):
        tokenizers.load(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"model": 3}', "\x00"])
def test_a_file_without_a_tokenizer_is_refused(content, tmp_path):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(DatasetError, match="cannot be read as a tokenizer"):
        tokenizers.load(tmp_path / "t.json")


def test_a_tokenizer_is_resolved_from_a_kind_or_a_path(trained, tmp_path):
    (tmp_path / "tokenizer.json").write_text(trained["bpe"].to_json())
    assert tokenizers.resolve("bpe", 400, Documents(DOCUMENTS)).digest == trained["bpe"].digest
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        assert tokenizers.resolve(str(path), 0, Documents([])).digest == trained["bpe"].digest


def test_a_trained_tokenizer_is_cached(monkeypatch):
    first = tokenizers.resolve("words", 50, Documents(DOCUMENTS))
    monkeypatch.setattr(tokenizers, "train", lambda *_: pytest.fail("trained again"))
    assert tokenizers.resolve("words", 50, Documents(DOCUMENTS)).digest == first.digest


def test_the_error_for_a_missing_tokenizer_names_it(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.json must be a tokenizer, and does not exist"):
        tokenizers.resolve(str(tmp_path / "none.json"), 0, Documents([]))
    with pytest.raises(RunError, match="does not exist"):
        tokenizers.resolve(str(tmp_path), 0, Documents([]))


def test_characters_of_a_long_text_are_encoded(trained):
    tokenizer = trained["characters"]
    ids = tokenizer.encode("the matrix " * 100_000)
    assert len(ids) == 1_100_000
    assert np.array_equal(ids[:11], tokenizer.encode("the matrix "))


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_the_error_for_invalid_utf8_names_the_byte(kind):
    tokenizer = tokenizers.train(kind, 300, ["blade " * 20])
    with pytest.raises(ValueError, match="must be UTF-8, found the byte 0x80 after 5 characters"):
        tokenizer.encode("blade\udc80")


def test_training_time_on_text_without_white_space_is_linear():
    def seconds(length):
        start = time.process_time()
        tokenizers.train("bpe", 300, ["é" * length])
        return time.process_time() - start

    seconds(100)
    assert seconds(40_000) < 10 * max(seconds(10_000), 0.02)  # quadratic time would be 16 times as long


def test_a_long_run_without_white_space_is_merged():
    text = "ab" * 500
    assert len(tokenizers.train("bpe", 300, [text]).encode(text)) < 20
