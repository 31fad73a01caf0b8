"""Writes figures to files."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dlcli.artifacts import Animation
from dlcli.errors import UsageError
from dlcli.files import atomic_write, disk_errors
from dlcli.plot.page import style

# Metadata per file extension: no dates or versions, so that the same figure gives the same bytes.
_METADATA = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_GIF, _VIDEO = ".gif", ".mp4"
_FFMPEG = "ffmpeg"  # the program that encodes a video
_FRAME_RATE = 25  # frames per second of a video
_REST = 2.0  # seconds that the last frame is shown
_DPI = 90  # of animations, whose file size grows with the number of frames


def is_animation(path: Path) -> bool:
    """Return whether the file extension is that of an animation."""
    return path.suffix.lower() in (_GIF, _VIDEO)


def check(path: Path, *, animated: bool = False) -> None:
    """Reject a path that a figure cannot be written to, before any work is done.

    Args:
        path: the file.
        animated: whether the figure can be animated.

    Raises:
        UsageError: the file extension is unknown, or is that of animations for a static figure; the path is a folder;
            or the program that encodes videos is missing.
    """
    extensions = [*_METADATA, *[_GIF, _VIDEO] * animated]
    if path.suffix.lower() not in extensions:
        raise UsageError(f"the file extension must be one of {', '.join(extensions)}, got {path.name!r}")
    if path.suffix.lower() == _VIDEO and shutil.which(_FFMPEG) is None:
        raise UsageError(f"{_VIDEO} files need the program {_FFMPEG}, which is not on the PATH", hint=f"write a {_GIF}")
    if path.is_dir():
        raise UsageError(f"--out must be a file, but {path} is a folder")


def save(figure: Figure | Animation, path: Path) -> None:
    """Write a figure or an animation in the format of its file extension; missing folders are created.

    The file is replaced atomically; on failure the old one is kept.

    Raises:
        UsageError: the file extension is unknown, or the path cannot be a file.
        DiskError: the disk is full, or the folder is not writable.
    """
    check(path, animated=isinstance(figure, Animation))
    content = encoded(figure, path.suffix.lower())
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            taken = next(place for place in path.absolute().parents if place.exists())
            raise UsageError(f"--out must be in a folder, but {taken} is a file") from error
    with atomic_write(path) as file:
        file.write(content)


def encoded(figure: Figure | Animation, extension: str = "") -> bytes:
    """Return the content of the file of a figure or an animation; by default a PNG or a GIF."""
    with style.applied():
        if not isinstance(figure, Animation):
            return _static(figure, extension or ".png")
        return _video(figure) if extension == _VIDEO else _gif(figure)


def _static(figure: Figure, extension: str) -> bytes:
    _fix_layout(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension[1:], metadata=_METADATA[extension])
    return buffer.getvalue()


def _gif(animation: Animation) -> bytes:
    picture = _frames(animation)
    # One colour table for all frames, or colours would flicker; the last frame contains all colours.
    table = Image.fromarray(picture(animation.frames - 1)).quantize(
        256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    pictures = [
        Image.fromarray(picture(frame)).quantize(palette=table, dither=Image.Dither.NONE)
        for frame in range(animation.frames)
    ]
    seconds = [animation.seconds] * (animation.frames - 1) + [_REST]
    buffer = io.BytesIO()
    duration = [round(1000 * each) for each in seconds]
    first, *rest = pictures
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return buffer.getvalue()


def _video(animation: Animation) -> bytes:
    """Encode H.264 with ffmpeg; each frame is repeated for its duration at a constant frame rate."""
    picture = _frames(animation)
    # The usual subsampling of colours needs an even width and height.
    height, width = (side - side % 2 for side in picture(0).shape[:2])
    ends = np.rint(np.arange(1, animation.frames + 1) * animation.seconds * _FRAME_RATE).astype(int)
    counts = np.diff(ends, prepend=0)
    counts[-1] += round(_REST * _FRAME_RATE)
    with tempfile.TemporaryDirectory(prefix="dlcli-") as folder:
        path = Path(folder, f"video{_VIDEO}")
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(_FRAME_RATE), "-i", "-"]
        encoded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-bitexact", str(path)]
        command = [_FFMPEG, "-loglevel", "error", "-y", *raw, *encoded]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # its message is reported below
                for frame, count in enumerate(counts):
                    if count:
                        process.stdin.write(picture(frame)[:height, :width].tobytes() * int(count))
            _, message = process.communicate()
        if process.returncode:
            reason = message.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise UsageError(f"{_FFMPEG} could not encode the video: {reason[0]}", hint=f"write a {_GIF}")
        return path.read_bytes()


def _frames(animation: Animation) -> Callable[[int], np.ndarray]:
    """Return a function that draws a frame, uint8 [height, width, 3]."""
    figure, canvas = animation.drawing, FigureCanvasAgg(animation.drawing)
    figure.set_dpi(_DPI)
    animation.show(animation.frames - 1)
    _fix_layout(figure)
    for artist in animation.moving:
        artist.set_animated(True)  # excluded from `canvas.draw()`
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)

    def picture(frame: int) -> np.ndarray:
        animation.show(frame)
        canvas.restore_region(background)
        for artist in animation.moving:
            figure.draw_artist(artist)
        return np.array(canvas.buffer_rgba())[..., :3]

    return picture


def _fix_layout(figure: Figure) -> None:
    # A layout engine shifts the axes slightly at each drawing; fixed, the next file has the same layout.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
