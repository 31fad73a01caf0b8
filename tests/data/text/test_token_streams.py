from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlcli.data.text import token_streams, tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.sets import Documents, TextSet
from dlcli.data.text.tokenizers import END


def test_a_stream_is_an_end_token_before_each_document():
    texts = TextSet("two", {"train": Documents(["ab", "b"])})
    tokenizer = tokenizers.train("characters", 6, ["abb"])
    found = token_streams.stream(texts, "train", tokenizer)
    assert found.ids.tolist() == [END, 5, 4, END, 4]
    assert [each.tolist() for each in found.documents()] == [[1, 4], [2, 1]]
    assert found.targets == 4


def test_ids_of_large_vocabularies_take_four_bytes(raw):
    texts, tokenizer = raw
    assert token_streams.stream(texts, "train", tokenizer).ids.dtype == np.uint16
    many = tokenizers.train("characters", 70_000, ["".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x14000)]))])
    assert token_streams.stream(texts, "train", many).ids.dtype == np.uint32


def test_a_second_read_maps_the_tokens_from_the_cache(raw, monkeypatch):
    texts, tokenizer = raw
    first = token_streams.stream(texts, "train", tokenizer).ids
    monkeypatch.setattr(tokenizer, "encode_all", lambda texts: pytest.fail("encoded again"))
    again = token_streams.stream(texts, "train", tokenizer).ids
    assert np.array_equal(first, again)
    assert isinstance(again.base, np.memmap)


@pytest.mark.parametrize("damage", [lambda ids: ids[:-2], lambda ids: b"\0\0" + ids[2:], lambda ids: b""])
def test_a_damaged_cache_entry_is_rebuilt(raw, cache_folder, damage):
    texts, tokenizer = raw
    first = np.array(token_streams.stream(texts, "train", tokenizer).ids)
    [path] = cache_folder.glob("tokens-*.ids")
    path.write_bytes(damage(path.read_bytes()))
    assert np.array_equal(token_streams.stream(texts, "train", tokenizer).ids, first)


def test_changed_text_replaces_its_unused_tokens_in_the_cache(raw, text, cache_folder, two_hours_pass):
    texts, tokenizer = raw
    token_streams.stream(texts, "train", tokenizer)
    two_hours_pass()
    changed = TextSet("raw.txt", {"train": Documents([text[::-1]])})
    assert tokenizer.decode(token_streams.stream(changed, "train", tokenizer).ids) == text[::-1]
    assert len(list(cache_folder.glob("tokens-*.ids"))) == 1


KILLED = """
import os, signal, sys
from dlcli.data import cache
from dlcli.data.text import token_streams, tokenizers
from dlcli.data.text.catalogue import open_texts
token_streams._BUFFER = 100
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def killed_at(*given):
    for number, part in enumerate(parts(*given)):
        yield die() if str(number) == sys.argv[1] else part
parts, token_streams._parts = token_streams._parts, killed_at
if sys.argv[1] == "record":
    cache.seal = die
texts = open_texts("many.tsv")
token_streams.stream(texts, "train", tokenizers.train("characters", 40, texts.splits["train"].texts))
"""


@pytest.mark.parametrize("moment", ["0", "3", "record"])
def test_tokens_are_rebuilt_after_a_process_was_killed_while_writing_them(tmp_path, moment):
    (tmp_path / "many.tsv").write_text("".join(f"a\ttext number {line}\n" for line in range(37)))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", KILLED, moment], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == -9, done.stderr
    texts = open_texts("many.tsv")
    tokenizer = tokenizers.train("characters", 40, texts.splits["train"].texts)
    expected = np.concatenate([[END, *tokenizer.encode(each)] for each in texts.splits["train"].texts])
    assert np.array_equal(token_streams.stream(texts, "train", tokenizer).ids, expected)
