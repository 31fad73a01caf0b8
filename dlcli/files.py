"""Files that a crash leaves as they were or as they shall be, and files that nobody vouches for."""

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


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file that nobody vouches for.

    Raises:
        OSError: it is missing or cannot be read.
        ValueError: it is a link or a pipe, too large, or holds something else.
    """
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it must be a plain file")  # a link leads anywhere, a pipe blocks for ever
    if about.st_size > LARGEST:
        raise ValueError(f"it must be at most {LARGEST / 2**20:.0f} MiB, found {about.st_size / 2**20:,.0f} MiB")
    try:
        found = json.loads(path.read_bytes())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it must hold a JSON object")
    return found


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
