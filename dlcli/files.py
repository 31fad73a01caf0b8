"""Files that a crash leaves either old or new, never half written, and untrusted files."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from dlcli.errors import DiskError

LARGEST = 16 * 2**20  # bytes of a JSON object we agree to read; parsed, it may take twenty times as much
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}  # room would not help
UNFINISHED = ".part"  # ending of a file that is being written
_STRAY = {
    *(".DS_Store", ".localized", ".directory", ".Spotlight-V100", ".Trashes", ".fseventsd", "Icon\r", "__MACOSX"),
    *("Thumbs.db", "ehthumbs.db", "desktop.ini", "@eaDir", "#recycle", "lost+found", ".snapshot"),
    *(".stfolder", ".stignore", ".stversions", ".dropbox", ".dropbox.attrs", ".dropbox.cache"),
}
_STRAY_STARTS = ("._", ".nfs", ".fuse_hidden", ".syncthing.", "~syncthing~", ".~lock.", ".Trash-", ".goutputstream-")


@contextmanager
def replacing(path: Path, hint: str = "") -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path`, on the disk, once the block ends without an error.

    Whoever has the old file open or mapped keeps it; nobody ever sees a part of the new one.

    Args:
        path: of the file; its folder must be there.
        hint: for the error.

    Raises:
        DiskError: the disk is full or may not be written to.
    """
    # A short name of its own: two writers do not meet, and a long name is not made too long.
    draft = path.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    with disk_errors(path, hint):
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace the file `path` as a whole; it is on the disk when this returns.

    Raises:
        DiskError: the disk is full or may not be written to.
    """
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def opened(path: Path, *, links: bool = True) -> Iterator[BufferedReader]:
    """Open an untrusted file to read: a regular one, not a pipe, a device or a folder.

    Args:
        path: of the file.
        links: whether a symbolic link to such a file is followed.

    Raises:
        OSError: it is missing or cannot be opened.
        ValueError: it is not a regular file.
    """
    if not links and path.is_symlink():
        raise ValueError("it must be a regular file, found a link")
    # Opening a named pipe waits for a writer unless told not to; the check on the open file cannot be outrun.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it must be a regular file")
        with open(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def read_bytes(path: Path, largest: int, *, links: bool = True) -> bytes:
    """Read an untrusted file: a regular one, of bounded size.

    Args:
        path: of the file.
        largest: bytes it may have.
        links: whether a symbolic link to such a file is followed.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is not a regular file, or too large.
    """
    with opened(path, links=links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise ValueError(f"it must be at most {size_text(largest)}, found {size_text(size)}")
        found = file.read(largest + 1)
    if len(found) > largest:  # files below /proc say that they are empty, and others grow
        raise ValueError(f"it must be at most {size_text(largest)}, found more")
    return found


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object from an untrusted file.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is a link or a pipe, too large, or holds something else.
    """
    try:
        found = json.loads(read_bytes(path, LARGEST, links=False))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it must hold a JSON object")
    return found


def lines(text: str) -> list[str]:
    r"""Split a text into lines at \n and \r\n alone, without their ends.

    `str.splitlines` splits at form feeds, U+2028, U+0085 and others too, which stand within a line of most formats.
    """
    found = [line.removesuffix("\r") for line in text.split("\n")]
    return found if found[-1] else found[:-1]


def utf8(text: str) -> bytes:
    """Return the UTF-8 of a text; raise ValueError that names the byte where it was read from something else."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        found = f"the byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"half of a character, U+{code:04X}"
        raise ValueError(f"must be UTF-8, found {found} after {error.start:,} characters") from error


def as_json(value: Any, indent: int | None = None) -> str:
    """Return `value` as strict JSON, which has no word for infinity or for what is no number: null stands for them."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def size_text(count: float) -> str:
    """Return a number of bytes in the unit that fits it: 0 bytes, 3.2 KiB, 16 MiB, 2 GiB."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = 0
    while count >= 1024 and power + 1 < len(units):
        count, power = count / 1024, power + 1
    return f"{count:.0f} {units[power]}" if power == 0 or count >= 10 else f"{count:.2g} {units[power]}"


def is_stray(name: str) -> bool:
    """Tell whether a file or folder of this name was left by a system or a program that looks after folders.

    Such are the hidden files of the macOS Finder and of NFS, thumbnails of Windows and of network disks, and the
    copies that synchronizing programs make of files in conflict.
    """
    return name in _STRAY or name.startswith(_STRAY_STARTS) or ".sync-conflict-" in name or "conflicted copy" in name


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Yield a short path of plain ASCII that leads to `folder`, for libraries that cannot take every path.

    Orbax looks for its files by patterns, in which `[`, `?` and `*` of a path have a meaning, and tensorstore takes
    no path that is not UTF-8.
    """
    if Path("/proc/self/fd").is_dir():
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield Path(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
    else:
        with tempfile.TemporaryDirectory(prefix="dlcli-") as place:
            link = Path(place, "folder")
            link.symlink_to(folder.absolute())
            yield link


def sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(path: Path, hint: str = "") -> Iterator[None]:
    """Turn the failure to write at `path` into a `DiskError` that says how much room is left."""
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        refused = isinstance(error, OSError) and error.errno in _REFUSED
        room = "" if refused else f", {_free(path)} free"
        raise DiskError(f"cannot write {path}: {_reason(error)}{room}", hint=hint) from error


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _is_full(error: Exception) -> bool:
    # tensorstore, below orbax, passes the system's message on in exceptions of its own.
    return (isinstance(error, OSError) and error.errno in NO_ROOM) or any(
        os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return next(os.strerror(number).lower() for number in NO_ROOM if os.strerror(number) in str(error))


def _free(path: Path) -> str:
    there = next(folder for folder in [path, *path.absolute().parents] if folder.exists())
    return size_text(shutil.disk_usage(there).free)
