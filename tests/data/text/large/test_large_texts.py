"""Texts larger than memory have the splits, digests and tokens of texts in memory, and are encoded in shards."""

import random
import time

import numpy as np
import pytest

from dlcli import activity
from dlcli.data.text import catalogue, token_streams, tokenizers
from dlcli.data.text.check import check
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large import large_texts, shard_workers, token_shards
from dlcli.data.text.large.large_texts import LargeDocuments
from dlcli.errors import DatasetError

IN_MEMORY = ReadOptions(in_memory=True)
TEXT = "the a of jabberwock über straße naïve 猫 κόσμος brillig, slithy; toves! wabe"
WORDS = [*TEXT.split(" "), "gyre\tgimble"]


def written(path, words, seed=0):
    chosen = random.Random(seed).choices(WORDS, k=words)
    text = "".join(word + random.Random(seed + n).choice([" ", " ", "\n", "\n\n"]) for n, word in enumerate(chosen))
    path.write_text(text, newline="")
    return text


def both(name):
    """The set as it is read in pieces, and in memory."""
    large, whole = catalogue.open_texts(str(name)), catalogue.open_texts(str(name), IN_MEMORY)
    assert all(isinstance(each, LargeDocuments) for each in large.splits.values())
    assert not any(isinstance(each, LargeDocuments) for each in whole.splits.values())
    return large, whole


def ids(texts, split, tokenizer):
    found = token_streams.stream(texts, split, tokenizer)
    return found.ids[np.arange(len(found))]


def test_a_raw_text_has_the_splits_of_one_in_memory(small_pieces, tmp_path):
    text = written(tmp_path / "raw.txt", 2_000)
    large, whole = both(tmp_path / "raw.txt")
    for split in ("train", "validation"):
        assert "".join(large.splits[split].texts) == whole.splits[split].texts[0]
        assert large.splits[split].digest == whole.splits[split].digest
        assert large.splits[split].characters == whole.splits[split].characters
    assert large.sizes == whole.sizes == {"train": 1, "validation": 1}
    assert len(large.splits["train"].texts) > len(text) // 600


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_the_tokens_are_those_of_a_text_in_memory(small_pieces, tmp_path, monkeypatch, kind):
    written(tmp_path / "raw.txt", 1_000)
    large, whole = both(tmp_path / "raw.txt")
    tokenizer = tokenizers.train(kind, 300, whole.splits["train"].texts)
    for split in ("train", "validation"):
        in_pieces = ids(large, split, tokenizer)
        monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
        assert np.array_equal(in_pieces, ids(whole, split, tokenizer))
        monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "cache"))


def test_a_folder_of_documents_is_divided_as_in_memory(small_pieces, tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(12):
        written(tmp_path / "set" / f"{number}.txt", 30 + 20 * number, number)
    large, whole = both(tmp_path / "set")
    tokenizer = tokenizers.train("characters", 100, whole.splits["train"].texts)
    assert large.sizes == whole.sizes
    for split in whole.splits:
        assert large.splits[split].digest == whole.splits[split].digest
        assert np.array_equal(ids(large, split, tokenizer), ids(whole, split, tokenizer))


def test_equal_documents_of_a_large_folder_are_found(small_pieces, tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(12):
        written(tmp_path / "set" / f"{number}.txt", 200)
    (tmp_path / "set" / "blank.txt").write_text("\n \n")
    kinds = [problem.kind for problem in check(str(tmp_path / "set"))]
    assert kinds.count("empty") == 1
    assert kinds.count("duplicate") == 3  # two of test, one of validation


def test_only_incomplete_shards_are_encoded_again(small_pieces, tmp_path, monkeypatch):
    written(tmp_path / "raw.txt", 1_000)
    texts = catalogue.open_texts(str(tmp_path / "raw.txt"))
    tokenizer = tokenizers.train("characters", 100, texts.splits["train"].sample)
    whole = ids(texts, "train", tokenizer)
    files = sorted((tmp_path / "cache").rglob("*.json"))
    shards = [path for path in files if "tokens-" in path.name]
    assert len(shards) > 3
    shards[1].unlink()  # as after a kill
    damaged = shards[2].with_suffix(".ids")
    damaged.write_bytes(bytes(damaged.stat().st_size))
    encoded = []
    encode = tokenizer.encode_all
    monkeypatch.setattr(tokenizer, "encode_all", lambda texts: encode(encoded.append(1) or texts))
    assert np.array_equal(ids(texts, "train", tokenizer), whole)
    assert len(encoded) == 2


def test_further_processes_encode_shards(small_pieces, tmp_path, monkeypatch):
    written(tmp_path / "raw.txt", 1_000)
    texts = catalogue.open_texts(str(tmp_path / "raw.txt"))
    tokenizer = tokenizers.train("words", 100, texts.splits["train"].sample)
    monkeypatch.setattr(shard_workers, "_MOST", 1)
    monkeypatch.setattr(shard_workers.os, "sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr(token_shards, "_encode_all", _wait_for_all)
    found = ids(texts, "train", tokenizer)
    whole = catalogue.open_texts(str(tmp_path / "raw.txt"), IN_MEMORY)
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
    assert np.array_equal(found, ids(whole, "train", tokenizer))


def _wait_for_all(stem, shards, tokenizer, report):
    """Leave all shards to the other process."""
    end = time.monotonic() + 300
    while not all(token_shards._is_complete(stem, number) for number in range(len(shards))):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_progress_ends_at_the_size_of_the_text(small_pieces, tmp_path):
    written(tmp_path / "raw.txt", 1_000)
    reports = []
    with activity.listening(lambda *report: bool(reports.append(report))):
        texts = catalogue.open_texts(str(tmp_path / "raw.txt"))
        ids(texts, "train", tokenizers.train("characters", 100, texts.splits["train"].sample))
    assert {what for what, *_ in reports} >= {"reading the text", ""}
    assert any(what.startswith("tokenizing the train split") for what, *_ in reports)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"good words\n" * 100 + b"bad \xff\n", "found the byte 0xFF at byte 1,104"), (b"\xff\xfea\0b\0", "UTF-16")],
)
def test_a_large_text_that_is_not_utf_8_is_refused(small_pieces, tmp_path, data, words):
    (tmp_path / "raw.txt").write_bytes(data)
    with pytest.raises(DatasetError, match=words):
        catalogue.open_texts(str(tmp_path / "raw.txt"))


def test_a_large_text_that_changes_while_in_use_is_an_error(small_pieces, tmp_path):
    written(tmp_path / "raw.txt", 1_000)
    texts = catalogue.open_texts(str(tmp_path / "raw.txt")).splits["train"].texts
    (tmp_path / "raw.txt").write_text("short")
    with pytest.raises(DatasetError, match="changed while it was in use"):
        list(texts)


def test_a_tokenizer_is_trained_on_evenly_spread_pieces(small_pieces, tmp_path, monkeypatch):
    written(tmp_path / "raw.txt", 2_000)
    monkeypatch.setattr(large_texts, "_SAMPLE", 2_000)
    train = catalogue.open_texts(str(tmp_path / "raw.txt")).splits["train"]
    with pytest.warns(match="trained on .* of text, evenly spread"):
        sample = train.sample
    assert 1_000 < sum(len(text.encode()) for text in sample) < 3_000
    assert (sample[0], sample[-1]) == (train.texts[0], train.texts[len(train.texts) - 1])
