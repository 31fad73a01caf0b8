"""Which files of a folder are images: the one rule of training, prediction, figures and `dlcli data`.

- Hidden files, and those that desktops, archives and network drives leave behind, do not exist for us.
- A file is an image if its name ends as one of pillow's formats does, in capitals too, or if pillow knows its first
  bytes. Whether it can be decoded shows when it is: a text called `cat.png` is an image that cannot be read.
- Every other file is a stray one, which is skipped and reported.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from dlcli.errors import DatasetError

_LEFT_BEHIND = {"thumbs.db", "desktop.ini", "__macosx", "@eadir"}
# Formats of which pillow reads the header alone, or which it hands to another program to draw.
_WITHOUT_PIXELS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
_MOST_FOLDERS = 100_000  # in a folder of images, each within another or beside it
NAMED = 3  # files that a message names


@dataclasses.dataclass
class Listing:
    """What lies in a folder.

    Attributes:
        images: paths below the folder, "/" between their parts, in order.
        strays: likewise, of what is skipped.
    """

    images: list[str] = dataclasses.field(default_factory=list)
    strays: list[str] = dataclasses.field(default_factory=list)


def ignored(name: str) -> bool:
    """Tell whether a file or a folder of this name is passed over without a word."""
    return name.startswith(".") or name.lower() in _LEFT_BEHIND


@functools.cache
def formats(*, by_content: bool = False) -> tuple[str, ...]:
    """Return pillow's names of the formats it decodes itself.

    Args:
        by_content: only those that their first bytes tell from any other file.
    """
    Image.preinit()
    common = list(Image.ID)
    Image.init()
    found = [name for name in dict.fromkeys([*common, *Image.ID]) if name not in _WITHOUT_PIXELS]
    return tuple(name for name in found if not by_content or Image.OPEN[name][1])


@functools.cache
def endings() -> frozenset[str]:
    """Return the endings of image files, such as ".png"."""
    decoded = {*formats(), "MPO"}  # the latter is opened as JPEG
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in decoded)


def is_image(path: str | Path) -> bool:
    """Tell whether a file counts as an image, by its name or else by its first bytes."""
    if os.path.splitext(path)[1].lower() in endings():
        return True
    try:
        # Opening a pipe would wait for a writer, and so do some files below /proc, all of which say they are empty.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        with Image.open(path, formats=formats(by_content=True)):
            return True
    except Exception:  # pillow's plugins raise what they like at bytes that only begin like an image's
        return False


def folders(path: Path) -> list[str]:
    """Return the names of the folders in a folder, in order."""
    return sorted(entry.name for entry in _entries(path) if _is_folder(entry))


def files(path: Path) -> Listing:
    """List the files in a folder, not those in folders below it."""
    found = Listing()
    for entry in sorted(_entries(path), key=lambda entry: entry.name):
        if not _is_folder(entry):
            (found.images if is_image(entry.path) else found.strays).append(entry.name)
    return found


def below(path: Path) -> Listing:
    """List the files in a folder and in all folders below it.

    Links to folders are stray files: they may lead in a circle, or to all of the disk. `path` itself may be a link, and
    then the folders below it are strays too.

    Raises:
        DatasetError: a folder cannot be read, or there are too many.
    """
    found = Listing()
    seen, waiting = 0, [""]
    while waiting:
        prefix, seen = waiting.pop(), seen + 1
        if seen > _MOST_FOLDERS:
            raise DatasetError(f"{path} must hold at most {_MOST_FOLDERS:,} folders, found more")
        listed = files(path / prefix)
        found.images += [prefix + name for name in listed.images]
        found.strays += [prefix + name for name in listed.strays]
        for name in folders(path / prefix):
            if path.is_symlink() or (path / prefix / name).is_symlink():
                found.strays.append(prefix + name)
            else:
                waiting.append(f"{prefix}{name}/")
    return Listing(sorted(found.images), sorted(found.strays))


def holds_image(path: Path) -> bool:
    """Tell whether a folder or one below it holds an image."""
    return bool(files(path).images or below(path).images)


def several(names: list[str]) -> str:
    """Return the first few of many names."""
    return ", ".join(ascii(name)[1:-1] for name in names[:NAMED]) + (", …" if len(names) > NAMED else "")


def skipped(path: Path, strays: list[str]) -> str:
    """Say which files of a folder are skipped since they are no images."""
    what = "1 file that is no image" if len(strays) == 1 else f"{len(strays):,} files that are no images"
    return f"{path}: skipping {what}: {several(strays)}"


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from [entry for entry in entries if not ignored(entry.name)]
    except OSError as error:
        raise DatasetError(f"{path} must be a folder that can be read: {error.strerror or error}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
