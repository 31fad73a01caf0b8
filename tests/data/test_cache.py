"""The cache, which several processes use at once."""

import os
import time

import pytest

from dlcli.data import cache
from dlcli.data.text import words
from dlcli.data.text.words import VocabularyOptions
from dlcli.errors import DiskError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "cache"))


def write(stem, *endings, age=0.0):
    for ending in endings:
        stem.path(ending).write_text("x")
        os.utime(stem.path(ending), (time.time() - age,) * 2)


def test_files_of_other_running_processes_are_not_removed():
    other = cache.Stem("words-x", "min count 1")
    write(other, "train.words.npy")
    cache.Stem("words-x", "min count 2").clear()
    assert other.path("train.words.npy").exists()


def test_an_old_state_that_was_used_recently_is_not_removed():
    write(cache.Stem("words-x", "one"), "json", "npy", age=10_000)
    used = cache.Stem("words-x", "one")
    cache.Stem("words-x", "two").clear()
    assert used.path("npy").exists()


def test_all_files_of_a_state_unused_for_an_hour_are_removed():
    old = cache.Stem("words-x", "one")
    write(old, "json", "npy", age=3_700)
    recent = cache.Stem("words-x", "two")
    write(recent, "json", age=3_500)
    write(recent, "npy", age=4_000)
    neighbour = cache.Stem("words-xy", "one")
    write(neighbour, "json", age=10_000)
    cache.Stem("words-x", "three").clear()
    assert not old.path("json").exists()
    assert not old.path("npy").exists()
    assert recent.path("json").exists()
    assert recent.path("npy").exists()
    assert neighbour.path("json").exists()


def test_cache_entries_of_a_sweep_do_not_remove_each_other(tmp_path, caplog):
    text = tmp_path / "corpus.txt"
    text.write_text("the cat sat on the mat\n" * 50)
    caplog.set_level("INFO", "dlcli")
    for _ in range(2):
        for count in (1, 2, 3):
            words.read(str(text), VocabularyOptions(r"\w+", True, count))
    assert sum("counting" in message for message in caplog.messages) == 3


def test_an_entry_deleted_while_it_is_written_raises_a_disk_error(tmp_path, monkeypatch):
    text = tmp_path / "corpus.txt"
    text.write_text("the cat sat on the mat\n" * 50)
    write_words = words._write

    def and_lose(stem, split, *rest):
        write_words(stem, split, *rest)
        stem.path(f"{split}.words.ids").unlink()

    monkeypatch.setattr(words, "_write", and_lose)
    with pytest.raises(DiskError, match="deleted while in use: "):
        words.read(str(text), VocabularyOptions(r"\w+", True, 1))


@pytest.mark.parametrize("slot", ["x" * 300, "漢" * 300, "../../etc/passwd", "a[b]*?", "\udcff"])
def test_slots_with_any_characters_give_valid_file_names(slot):
    stem = cache.Stem(slot, "key")
    write(stem, "validation.lengths.npy")
    assert stem.path("validation.lengths.npy").parent == stem.folder
    assert cache.Stem(slot, "key").name == stem.name != cache.Stem(f"{slot}y", "key").name
