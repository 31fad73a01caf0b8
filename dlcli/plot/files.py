"""Figures on the disk."""

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
from dlcli.plot import style

# Ending -> what would name the moment or the program's version; the same figure gives the same file.
_METADATA = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_MOVING = ".gif"
_REST = 2.0  # seconds that the last frame stays
_DPI = 90  # of a moving picture, whose size grows with its frames


def moves(path: Path) -> bool:
    """Tell whether the ending asks for a moving picture."""
    return path.suffix.lower() == _MOVING


def check(path: Path, *, animated: bool = False) -> None:
    """Refuse a path that no figure can be written to, before any work is done for it.

    Args:
        path: of the file.
        animated: whether the figure can move.

    Raises:
        UsageError: the ending names no format, or that of moving pictures for a figure that stands still; or
            the path is a folder.
    """
    endings = [*_METADATA, *[_MOVING] * animated]
    if path.suffix.lower() not in endings:
        found = f"got {path.name!r}"
        raise UsageError(f"the file of this figure must end in one of {', '.join(endings)}, {found}")
    if path.is_dir():
        raise UsageError(f"the figure must go to a file, but {path} is a folder")


def save(figure: Figure | Animation, path: Path) -> None:
    """Write a figure in the format its path ends in, or an animation as GIF; folders above it are made.

    The file is replaced as a whole or, on failure, left as it was.

    Raises:
        UsageError: the ending names no format, or the path cannot be that of a file.
        DiskError: the disk is full or may not be written to.
    """
    animated = isinstance(figure, Animation)
    check(path, animated=animated)
    with style.applied():
        content = _moving(figure) if animated else _still(figure, path.suffix.lower())
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            taken = next(place for place in path.absolute().parents if place.exists())
            raise UsageError(f"the figure must go into a folder, but {taken} is a file") from error
    with atomic_write(path) as file:
        file.write(content)


def _still(figure: Figure, ending: str) -> bytes:
    _fix_layout(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=ending[1:], metadata=_METADATA[ending])
    return buffer.getvalue()


def _moving(animation: Animation) -> bytes:
    figure, canvas = animation.drawing, FigureCanvasAgg(animation.drawing)
    figure.set_dpi(_DPI)
    animation.show(animation.frames - 1)
    _fix_layout(figure)
    for artist in animation.moving:
        artist.set_animated(True)  # left out of what is drawn once
    canvas.draw()
    ground = canvas.copy_from_bbox(figure.bbox)

    def picture(frame: int) -> Image.Image:
        animation.show(frame)
        canvas.restore_region(ground)
        for artist in animation.moving:
            figure.draw_artist(artist)
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])

    # The last frame has every colour there is: one table for all frames keeps colours from flickering.
    table = picture(animation.frames - 1).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    pictures = [picture(frame).quantize(palette=table, dither=Image.Dither.NONE) for frame in range(animation.frames)]
    seconds = [animation.seconds] * (animation.frames - 1) + [_REST]
    buffer = io.BytesIO()
    duration = [round(1000 * each) for each in seconds]
    first, *rest = pictures
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return buffer.getvalue()


def _fix_layout(figure: Figure) -> None:
    # The layout moves a little at each drawing; once found, it stays, also for a further file.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
