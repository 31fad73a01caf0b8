from __future__ import annotations

import os
import resource

import numpy as np
import pytest

from dlcli.data.images import catalogue
from dlcli.errors import DiskError


def train_of(path, image_size=None, memory_limit=2**30):
    return catalogue.open(f"folder:{path}", None, image_size, memory_limit).splits["train"]


def garble(folder):
    """Make every file undecodable, with the same size and modification time."""
    for path in folder.glob("*/*"):
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_a_second_start_reads_from_the_cache(classes, memory_limit):
    first = train_of(classes, memory_limit=memory_limit)
    digest, labels = first.digest, first.labels
    garble(classes)
    second = train_of(classes, memory_limit=memory_limit)
    assert second.digest == digest
    np.testing.assert_array_equal(second.labels, labels)


@pytest.mark.parametrize("change", ["pixels", "time", "removed", "added", "renamed"])
def test_a_change_of_the_files_invalidates_the_cache(classes, save, change):
    before = train_of(classes)
    digest, name = before.digest, classes / before.source.names[0]
    if change == "pixels":
        save(name)
    elif change == "time":
        save(name)
        os.utime(name, ns=(1, 1))
    elif change == "removed":
        name.unlink()
    elif change == "added":
        for number in range(5):
            save(name.with_name(f"new{number}.png"))
    else:
        name.rename(classes / "dog" / "moved.png")
    assert train_of(classes).digest != digest


@pytest.mark.parametrize("ending", ["json", "labels.npy", "images.npy"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone"])
def test_a_damaged_cache_is_replaced(classes, cache_folder, ending, damage):
    images = train_of(classes).images(np.arange(28)).copy()
    [path] = cache_folder.glob(f"*-train-*.{ending}")
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        flipped = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
        path.write_bytes({"flipped": flipped, "cut": whole[: len(whole) // 2], "empty": b""}[damage])
    np.testing.assert_array_equal(train_of(classes).images(np.arange(28)), images)
    assert path.read_bytes() == whole


def test_cache_entries_of_an_earlier_state_are_removed(classes, cache_folder, save, two_hours_pass):
    train_of(classes).counts()
    kept, name = set(cache_folder.iterdir()), train_of(classes).source.names[0]
    two_hours_pass()
    save(classes / name, shape=(6, 5, 3))
    train_of(classes).counts()
    assert len(set(cache_folder.iterdir())) == len(kept)


def test_several_image_sizes_are_cached_at_once(classes):
    digests = [train_of(classes, image_size=size).digest for size in (None, 3)]
    garble(classes)
    assert [train_of(classes, image_size=size).digest for size in (None, 3)] == digests


def test_the_digest_is_the_same_in_memory_and_streamed(classes, monkeypatch, tmp_path):
    in_memory = train_of(classes).digest
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
    assert train_of(classes, memory_limit=0).digest == in_memory


def test_a_raised_memory_limit_moves_a_streamed_set_into_memory(classes):
    assert not train_of(classes, memory_limit=0).resident
    assert train_of(classes).resident


def test_statistics_are_those_of_the_training_pixels(classes):
    train = train_of(classes)
    pixels = train.images(np.arange(len(train))) / 255
    np.testing.assert_allclose(train.mean, pixels.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(train.std, pixels.std(axis=(0, 1, 2)), rtol=1e-12)


def test_a_constant_channel_has_standard_deviation_one(tmp_path, save):
    for number in range(20):
        save(tmp_path / "set" / "a" / f"{number}.png", pixels=np.full([4, 4], 7, dtype=np.uint8))
    assert train_of(tmp_path / "set").std == (1.0,)


@pytest.mark.skipif(os.name != "posix", reason="other systems have no limit on a file's size")
def test_a_full_disk_leaves_no_incomplete_file(classes, cache_folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(DiskError, match=r"cannot write .*: file too large"):
            train_of(classes).counts()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [path for path in cache_folder.iterdir() if path.suffix != ".headers"]
    assert len(train_of(classes).labels) == 28


def test_a_cache_folder_that_cannot_be_created_is_an_error_with_a_hint(classes, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "file"))
    with pytest.raises(DiskError) as caught:
        train_of(classes).counts()
    assert "DLCLI_CACHE" in caught.value.hint


def test_without_dlcli_cache_the_users_cache_folder_is_used(tmp_path, monkeypatch):
    from dlcli.data import cache

    monkeypatch.delenv("DLCLI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder("data") == tmp_path / "dlcli" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder("data") == tmp_path / ".cache" / "dlcli" / "data"
