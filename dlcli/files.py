"""Files that a crash leaves either old or new, never half written, and untrusted files."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from dlcli.errors import DiskError

LARGEST = 16 * 2**20  # bytes of a JSON object we agree to read; parsed, it may take twenty times as much
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
UNFINISHED = ".part"  # ending of a file that is being written


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
def regular(path: Path, *, links: bool = True) -> Iterator[IO[bytes]]:
    """Open an untrusted file for reading, if it is a regular file: no pipe, no device, no folder.

    Args:
        path: of the file.
        links: whether a symbolic link to such a file is followed.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is not a regular file, or the path holds a NUL.
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
    with regular(path, links=links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise ValueError(f"it must be at most {largest / 2**20:,.0f} MiB, found {size / 2**20:,.0f} MiB")
        found = file.read(largest + 1)
    if len(found) > largest:  # files below /proc say that they are empty, and others grow
        raise ValueError(f"it must be at most {largest / 2**20:,.0f} MiB, found more")
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


def as_json(value: Any, indent: int | None = None) -> str:
    """Return `value` as strict JSON, which has no word for infinity or for what is no number: null stands for them."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


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
        raise DiskError(f"cannot write {path}: {_reason(error)}, {_free(path)} free", hint=hint) from error


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
    return f"{shutil.disk_usage(there).free / 2**20:,.0f} MiB"
