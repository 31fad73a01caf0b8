import errno
import os

import numpy as np
import pytest
from PIL import Image

from dlcli.artifacts import Animation
from dlcli.errors import DiskError, UsageError
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.plot.page import files, lines

FIRST_BYTES = {".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-", ".svg": b"<?xml"}


def figure():
    return lines.draw(LinesChart("Curves", [Panel([Line("a", np.arange(3), np.arange(3.0))], "loss")]))


@pytest.mark.parametrize("extension", FIRST_BYTES)
def test_the_file_extension_chooses_the_format(extension, tmp_path):
    files.save(figure(), tmp_path / f"a{extension}")
    assert (tmp_path / f"a{extension}").read_bytes().startswith(FIRST_BYTES[extension])


@pytest.mark.parametrize("extension", FIRST_BYTES)
def test_the_same_arrays_give_the_same_bytes(extension, tmp_path):
    for name in ("a", "b"):
        files.save(figure(), tmp_path / f"{name}{extension}")
    assert (tmp_path / f"a{extension}").read_bytes() == (tmp_path / f"b{extension}").read_bytes()


def test_saving_a_figure_again_gives_the_same_bytes(tmp_path):
    drawing = figure()
    files.save(drawing, tmp_path / "a.png")
    files.save(drawing, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_missing_folders_are_created(tmp_path):
    files.save(figure(), tmp_path / "new" / "folder" / "a.PNG")
    assert os.listdir(tmp_path / "new" / "folder") == ["a.PNG"]


@pytest.mark.parametrize("name", ["a.gif", "a", "png"])
def test_the_error_for_an_unknown_extension_lists_the_known_ones(name, tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf"):
        files.save(figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def moving(frames=3):
    drawing = figure()
    (line,) = drawing.axes[0].lines
    heights = [0.5, 1.0, 1.5, 1.0]
    return Animation(drawing, frames, lambda frame: line.set_ydata(np.full(3, heights[frame])), 0.1, [line])


def test_an_animation_loops_over_its_frames(tmp_path):
    files.save(moving(), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 3
        assert picture.info["loop"] == 0
        assert picture.info["duration"] == 100
        picture.seek(2)
        assert picture.info["duration"] == 2000


def test_frames_differ_only_where_the_figure_changes(tmp_path):
    files.save(moving(), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as picture:
        first = np.asarray(picture.convert("RGB"), int)
        picture.seek(1)
        rows = np.flatnonzero(np.abs(np.asarray(picture.convert("RGB"), int) - first).sum(axis=(1, 2)))
    assert 0 < len(rows) < first.shape[0] / 4


def test_an_animation_of_one_frame_is_a_static_gif(tmp_path):
    files.save(moving(frames=1), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 1


def test_only_animated_figures_are_written_as_gif(tmp_path):
    files.check(tmp_path / "a.gif", animated=True)
    files.check(tmp_path / "a.png", animated=True)
    with pytest.raises(UsageError, match="must be one of"):
        files.check(tmp_path / "a.gif")


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """Put a program `ffmpeg` on the PATH that writes its input to its last argument; return a function that sets it."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    def write(script):
        (tmp_path / "bin" / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / "ffmpeg").chmod(0o755)

    return write


def test_a_video_repeats_each_frame_for_its_duration(encoder, tmp_path):
    encoder('for last; do :; done; cat > "$last"')
    files.save(moving(), tmp_path / "a.mp4")
    drawing = moving().drawing
    height, width = (int(side * 90) // 2 * 2 for side in drawing.get_size_inches()[::-1])
    frames = np.frombuffer((tmp_path / "a.mp4").read_bytes(), np.uint8).reshape(-1, height, width, 3)
    # Frames end at 0.1, 0.2 and 0.3 seconds of 25 frames each, and the last one rests for 2 seconds.
    assert len(frames) == round(0.3 * 25) + 50
    changes = np.flatnonzero((frames[1:] != frames[:-1]).any(axis=(1, 2, 3)))
    assert changes.tolist() == [1, 4]


def test_a_video_without_its_encoder_is_refused_before_drawing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="ffmpeg, which is not on the PATH"):
        files.check(tmp_path / "a.mp4", animated=True)


def test_a_failing_encoder_is_reported_with_its_message(encoder, tmp_path):
    encoder("echo no such codec >&2; exit 3")
    with pytest.raises(UsageError, match="could not encode the video: no such codec"):
        files.save(moving(), tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_a_folder_is_rejected_as_the_file(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        files.check(tmp_path / "a.png")


def test_a_file_is_rejected_as_the_folder(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="taken is a file"):
        files.save(figure(), tmp_path / "taken" / "below" / "a.png")


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.png").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="no space left"):
        files.save(figure(), tmp_path / "a.png")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.png": b"old"}
