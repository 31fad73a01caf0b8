"""Which files of a folder are images: one rule for training, prediction, figures and `dlcli data`.

- Hidden files, and those left behind by desktops, archives and network drives, are ignored.
- A file is an image if its extension is one of pillow's formats, in any case, or if pillow recognizes its first bytes.
  It may still be undecodable: a text file named `cat.png` is an image that cannot be decoded.
- Every other file is skipped and reported.
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
# Formats of which pillow reads only the header, or which it passes to another program.
_WITHOUT_PIXELS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
_MOST_FOLDERS = 100_000  # below a folder of images
NAMED = 3  # files listed in a message


@dataclasses.dataclass
class Listing:
    """The content of a folder.

    Attributes:
        images: sorted paths of the images relative to the folder, with "/" between their parts.
        others: the same of everything else, which is skipped.
    """

    images: list[str] = dataclasses.field(default_factory=list)
    others: list[str] = dataclasses.field(default_factory=list)


def ignored(name: str) -> bool:
    """Return whether a file or folder with this name is skipped without a report."""
    return name.startswith(".") or name.lower() in _LEFT_BEHIND


@functools.cache
def formats(*, by_content: bool = False) -> tuple[str, ...]:
    """Return pillow's names of the formats that it decodes itself.

    Args:
        by_content: only the formats that are recognized by the first bytes of a file.
    """
    Image.preinit()
    common = list(Image.ID)
    Image.init()
    found = [name for name in dict.fromkeys([*common, *Image.ID]) if name not in _WITHOUT_PIXELS]
    return tuple(name for name in found if not by_content or Image.OPEN[name][1])


@functools.cache
def extensions() -> frozenset[str]:
    """Return the extensions of image files, such as ".png"."""
    decoded = {*formats(), "MPO"}  # opened as JPEG
    return frozenset(extension for extension, name in Image.registered_extensions().items() if name in decoded)


def is_image(path: str | Path) -> bool:
    """Return whether a file is an image, by its extension or its first bytes."""
    if os.path.splitext(path)[1].lower() in extensions():
        return True
    try:
        # Opening a pipe would block until there is a writer, as would some files in /proc, which have the size 0.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        with Image.open(path, formats=formats(by_content=True)):
            return True
    except Exception:  # pillow's plugins raise anything for bytes that only begin like an image
        return False


def folders(path: Path) -> list[str]:
    """Return the sorted names of the folders in a folder."""
    return sorted(entry.name for entry in _entries(path) if _is_folder(entry))


def files(path: Path) -> Listing:
    """List the files directly in a folder."""
    found = Listing()
    for entry in sorted(_entries(path), key=lambda entry: entry.name):
        if not _is_folder(entry):
            (found.images if is_image(entry.path) else found.others).append(entry.name)
    return found


def below(path: Path) -> Listing:
    """List the files in a folder and in all folders below it.

    Links to folders are skipped, because they may form a cycle or lead to the whole disk. `path` itself may be a link;
    then the folders below it are skipped too.

    Raises:
        DatasetError: a folder cannot be read, or there are too many folders.
    """
    found = Listing()
    seen, pending = 0, [""]
    while pending:
        prefix, seen = pending.pop(), seen + 1
        if seen > _MOST_FOLDERS:
            raise DatasetError(f"{path} must contain at most {_MOST_FOLDERS:,} folders, found more")
        listed = files(path / prefix)
        found.images += [prefix + name for name in listed.images]
        found.others += [prefix + name for name in listed.others]
        for name in folders(path / prefix):
            if path.is_symlink() or (path / prefix / name).is_symlink():
                found.others.append(prefix + name)
            else:
                pending.append(f"{prefix}{name}/")
    return Listing(sorted(found.images), sorted(found.others))


def contains_image(path: Path) -> bool:
    """Return whether there is an image in a folder or below it."""
    return bool(files(path).images or below(path).images)


def first_few(names: list[str]) -> str:
    """Return the first names of a list as text."""
    return ", ".join(ascii(name)[1:-1] for name in names[:NAMED]) + (", …" if len(names) > NAMED else "")


def skipped(path: Path, others: list[str]) -> str:
    """Return a message that lists the skipped files of a folder."""
    what = "1 file that is not an image" if len(others) == 1 else f"{len(others):,} files that are not images"
    return f"{path}: skipping {what}: {first_few(others)}"


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from [entry for entry in entries if not ignored(entry.name)]
    except OSError as error:
        raise DatasetError(f"{path} must be a folder that can be read: {error.strerror or error}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a cycle
        return False
