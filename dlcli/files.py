"""Atomic writes, bounded reads of untrusted files, and disk errors."""

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
from dlcli.paths import nearest_existing

LARGEST = 16 * 2**20  # bytes of a JSON file that is read; parsed, it may take twenty times as much memory
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}  # more free space would not help
UNFINISHED = ".part"  # extension of a file that is being written
_STRAY = {
    *(".DS_Store", ".localized", ".directory", ".Spotlight-V100", ".Trashes", ".fseventsd", "Icon\r", "__MACOSX"),
    *("Thumbs.db", "ehthumbs.db", "desktop.ini", "@eaDir", "#recycle", "lost+found", ".snapshot"),
    *(".stfolder", ".stignore", ".stversions", ".dropbox", ".dropbox.attrs", ".dropbox.cache"),
}
_STRAY_STARTS = ("._", ".nfs", ".fuse_hidden", ".syncthing.", "~syncthing~", ".~lock.", ".Trash-", ".goutputstream-")


@contextmanager
def atomic_write(path: Path, hint: str = "") -> Iterator[IO[bytes]]:
    """Open a new file that replaces `path`, flushed to the disk, if the block ends without an error.

    Processes that have the old file open or mapped keep it; the new one is never visible in part.

    Args:
        path: of the file; its folder must exist.
        hint: of the error.

    Raises:
        DiskError: the disk is full or not writable.
    """
    # A short unique name: two writers do not collide, and a long name does not become too long.
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
    """Replace the file `path`; it is on the disk when this returns.

    Raises:
        DiskError: the disk is full or not writable.
    """
    with atomic_write(path) as file:
        file.write(text.encode())


@contextmanager
def open_regular(path: Path, *, links: bool = True) -> Iterator[BufferedReader]:
    """Open an untrusted file for reading; refuse pipes, devices and folders.

    Args:
        path: of the file.
        links: whether to follow a symbolic link.

    Raises:
        OSError: it is missing or cannot be opened.
        ValueError: it is not a regular file.
    """
    if not links and path.is_symlink():
        raise ValueError("it must be a regular file, found a link")
    # Without O_NONBLOCK, opening a named pipe waits for a writer. The open file is checked, so it cannot be swapped.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it must be a regular file")
        with open(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def append_line(path: Path, line: str) -> None:
    """Add a line to an untrusted file, which is created if it is missing; a truncated last line is ended first.

    Args:
        path: of the file.
        line: without its end.

    Raises:
        OSError: it cannot be written, or is a link.
        ValueError: it is not a regular file.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666)
    try:
        size = os.fstat(handle).st_size
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it must be a regular file")
        complete = not size or os.pread(handle, 1, size - 1) == b"\n"
        content = ("" if complete else "\n") + line + "\n"
        os.write(handle, content.encode())
    finally:
        os.close(handle)


def read_bytes(path: Path, largest: int, *, links: bool = True) -> bytes:
    """Read an untrusted regular file of bounded size.

    Args:
        path: of the file.
        largest: maximum size in bytes.
        links: whether to follow a symbolic link.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is not a regular file, or too large.
    """
    with open_regular(path, links=links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise ValueError(f"it must be at most {size_text(largest)}, found {size_text(size)}")
        found = file.read(largest + 1)
    if len(found) > largest:  # files in /proc report size 0, and others grow
        raise ValueError(f"it must be at most {size_text(largest)}, found more")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from an untrusted file.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is a link or a pipe, too large, or not a JSON object.
    """
    try:
        found = json.loads(read_bytes(path, LARGEST, links=False))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it must contain a JSON object")
    return found


def split_lines(text: str) -> list[str]:
    r"""Split a text into lines at \n and \r\n only, and drop the line ends.

    `str.splitlines` also splits at form feeds, U+2028, U+0085 and others, which occur within a line of most formats.
    """
    found = [line.removesuffix("\r") for line in text.split("\n")]
    return found if found[-1] else found[:-1]


def encode_utf8(text: str) -> bytes:
    """Encode a text; raise a ValueError that names the invalid byte if the text was not decoded from UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        found = f"the byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"half of a character, U+{code:04X}"
        raise ValueError(f"must be UTF-8, found {found} after {error.start:,} characters") from error


def as_json(value: Any, indent: int | None = None) -> str:
    """Return `value` as strict JSON, which has no infinity and no NaN: both become null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def size_text(count: float) -> str:
    """Format a number of bytes with a fitting unit: 0 bytes, 3.2 KiB, 16 MiB, 2 GiB."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = 0
    while count >= 1024 and power + 1 < len(units):
        count, power = count / 1024, power + 1
    return f"{count:.0f} {units[power]}" if power == 0 or count >= 10 else f"{count:.2g} {units[power]}"


def is_stray(name: str) -> bool:
    """Return whether a file or folder of this name was left by the operating system or a synchronization program.

    Examples are the hidden files of the macOS Finder and of NFS, thumbnails of Windows and of network disks, and
    copies of files in conflict.
    """
    return name in _STRAY or name.startswith(_STRAY_STARTS) or ".sync-conflict-" in name or "conflicted copy" in name


@contextmanager
def ascii_path(folder: Path) -> Iterator[Path]:
    """Yield a short ASCII path of `folder`, for libraries that do not accept every path.

    Orbax finds its files by glob patterns, in which `[`, `?` and `*` are special, and tensorstore accepts UTF-8 paths
    only.
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
    """Flush the content of a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(path: Path, hint: str = "") -> Iterator[None]:
    """Turn a failure to write at `path` into a `DiskError` that shows the free space."""
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        refused = isinstance(error, OSError) and error.errno in _REFUSED
        free = "" if refused else f", {size_text(shutil.disk_usage(nearest_existing(path)).free)} free"
        raise DiskError(f"cannot write {path}: {_reason(error)}{free}", hint=hint) from error


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
    # tensorstore, which orbax uses, puts the message of the system into other exceptions.
    return (isinstance(error, OSError) and error.errno in NO_ROOM) or any(
        os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return reason(error)
    return next(os.strerror(number).lower() for number in NO_ROOM if os.strerror(number) in str(error))


def reason(error: Exception) -> str:
    """Return why a file cannot be read or written, for a message that names the file itself."""
    return os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
