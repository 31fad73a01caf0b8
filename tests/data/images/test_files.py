from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from dlcli.data.images import files
from dlcli.errors import DatasetError


def picture(path, kind):
    Image.new("RGB", (4, 4), "red").save(path, kind)
    return path


@pytest.mark.parametrize("name", ["a.jfif", "a.JPG", "a.PnG", "a.avif", "a.mpo", "a.tga", "a.webp"])
def test_a_file_with_an_image_extension_is_an_image(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert files.is_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_an_image_is_recognized_by_its_first_bytes(tmp_path, kind):
    assert files.is_image(picture(tmp_path / "holiday", kind))
    assert files.is_image(picture(tmp_path / "holiday.tmp", kind))


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"P5 is a paper size", b"<svg/>", b"\x00" * 100, b"BM", b"GIF89a", b"%!PS-Adobe-3.0"]
)
@pytest.mark.parametrize("name", ["readme.txt", "data", "drawing.eps", "measured.h5"])
def test_other_files_are_not_images(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert not files.is_image(tmp_path / name)


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not files.is_image(tmp_path / "pipe")


def test_files_below_a_folder_are_images_or_others(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    picture(tmp_path / "2.png", "png")
    picture(tmp_path / "a" / "b" / "1.jpg", "jpeg")
    picture(tmp_path / "._2.png", "png")
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    listing = files.below(tmp_path)
    assert listing.images == ["2.png", "a/b/1.jpg"]
    assert sorted(listing.others) == ["a/again", "a/notes.txt"]


def test_links_to_folders_are_not_followed_below_the_folder(tmp_path):
    picture(tmp_path / "1.png", "png")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "disk").symlink_to("/")
    (tmp_path / "link").symlink_to(tmp_path)
    assert files.below(tmp_path).others == ["link", "sub/disk"]
    assert files.below(tmp_path / "link").images == ["1.png"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="other systems have no such folder")
def test_files_in_proc_are_not_opened():
    assert files.below(Path("/proc/self")).images == []


def test_too_many_folders_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MOST_FOLDERS", 5)
    for number in range(5):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(DatasetError, match="must contain at most 5 folders, found more"):
        files.below(tmp_path)
