"""Figures on the disk."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from dlcli.errors import UsageError
from dlcli.files import disk_errors, replacing
from dlcli.plot import style

# Ending -> what would name the moment or the program's version; the same figure gives the same file.
_METADATA = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def check(path: Path) -> None:
    """Refuse a path that no figure can be written to, before any work is done for it.

    Raises:
        UsageError: the ending is none of .png, .svg and .pdf, or the path is a folder.
    """
    if path.suffix.lower() not in _METADATA:
        found = f"got {path.name!r}"
        raise UsageError(f"the file of a figure must end in one of {', '.join(_METADATA)}, {found}")
    if path.is_dir():
        raise UsageError(f"the figure must go to a file, but {path} is a folder")


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format its path ends in; folders above it are made.

    The file is replaced as a whole or, on failure, left as it was.

    Raises:
        UsageError: the ending names no format, or the path cannot be that of a file.
        DiskError: the disk is full or may not be written to.
    """
    check(path)
    ending = path.suffix.lower()
    buffer = io.BytesIO()
    with style.applied():
        # The layout moves a little at each drawing; once found, it stays, also for a further file.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(buffer, format=ending[1:], metadata=_METADATA[ending])
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            taken = next(place for place in path.absolute().parents if place.exists())
            raise UsageError(f"the figure must go into a folder, but {taken} is a file") from error
    with replacing(path) as file:
        file.write(buffer.getvalue())
