"""Writes figures to files."""

from __future__ import annotations

import io
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
_ANIMATED = ".gif"
_REST = 2.0  # seconds that the last frame is shown
_DPI = 90  # of animations, whose file size grows with the number of frames


def is_animation(path: Path) -> bool:
    """Return whether the file extension is that of an animation."""
    return path.suffix.lower() == _ANIMATED


def check(path: Path, *, animated: bool = False) -> None:
    """Reject a path that a figure cannot be written to, before any work is done.

    Args:
        path: the file.
        animated: whether the figure can be animated.

    Raises:
        UsageError: the file extension is unknown, or is that of animations for a static figure; or the path is a
            folder.
    """
    extensions = [*_METADATA, *[_ANIMATED] * animated]
    if path.suffix.lower() not in extensions:
        raise UsageError(f"the file extension must be one of {', '.join(extensions)}, got {path.name!r}")
    if path.is_dir():
        raise UsageError(f"--out must be a file, but {path} is a folder")


def save(figure: Figure | Animation, path: Path) -> None:
    """Write a figure in the format of its file extension, or an animation as GIF; missing folders are created.

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


def encoded(figure: Figure | Animation, extension: str = ".png") -> bytes:
    """Return the content of the file of a figure, or of an animation, whose extension is ".gif"."""
    with style.applied():
        return _gif(figure) if isinstance(figure, Animation) else _static(figure, extension)


def _static(figure: Figure, extension: str) -> bytes:
    _fix_layout(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension[1:], metadata=_METADATA[extension])
    return buffer.getvalue()


def _gif(animation: Animation) -> bytes:
    figure, canvas = animation.drawing, FigureCanvasAgg(animation.drawing)
    figure.set_dpi(_DPI)
    animation.show(animation.frames - 1)
    _fix_layout(figure)
    for artist in animation.moving:
        artist.set_animated(True)  # excluded from `canvas.draw()`
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)

    def picture(frame: int) -> Image.Image:
        animation.show(frame)
        canvas.restore_region(background)
        for artist in animation.moving:
            figure.draw_artist(artist)
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])

    # One colour table for all frames, or colours would flicker; the last frame contains all colours.
    table = picture(animation.frames - 1).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    pictures = [picture(frame).quantize(palette=table, dither=Image.Dither.NONE) for frame in range(animation.frames)]
    seconds = [animation.seconds] * (animation.frames - 1) + [_REST]
    buffer = io.BytesIO()
    duration = [round(1000 * each) for each in seconds]
    first, *rest = pictures
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return buffer.getvalue()


def _fix_layout(figure: Figure) -> None:
    # A layout engine shifts the axes slightly at each drawing; fixed, the next file has the same layout.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
