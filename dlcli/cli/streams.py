"""The standard streams: UTF-8 in every locale, present even if closed, and a bounded read of standard input."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

from dlcli.errors import DatasetError

_MAX_BYTES = 256 * 2**20  # of standard input
# Modes of the replacement of a closed stream: reading input and writing results fail, messages are discarded. Its file
# descriptor must be taken, or the next opened file would get it, and with it the output of the stream.
_CLOSED = {"stdin": os.O_WRONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}


def prepare() -> None:
    """Make the three streams usable; to be called before anything is read, written or opened."""
    for number, (name, flags) in enumerate(_CLOSED.items()):
        if getattr(sys, name) is None:
            setattr(sys, name, _replacement(number, name, flags))
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            with contextlib.suppress(io.UnsupportedOperation):  # it has been read already
                stream.reconfigure(encoding="utf-8", errors="surrogateescape" if name == "stdin" else "replace")


def read_text() -> str:
    """Return all of standard input; bytes that are not UTF-8 become lone surrogates, and a byte order mark is dropped.

    Raises:
        DatasetError: it is closed, a directory, or larger than `_MAX_BYTES`.
    """
    try:
        found = sys.stdin.buffer.read(_MAX_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"standard input cannot be read: {os.strerror(error.errno or 0).lower()}") from error
    if len(found) > _MAX_BYTES:
        raise DatasetError(f"standard input must be at most {_MAX_BYTES >> 20} MiB, found more; split it")
    return found.decode("utf-8-sig", "surrogateescape")


def close(*of: TextIO) -> None:
    """Discard all further output of the streams; Python would fail again when it flushes them."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in of:
        os.dup2(nowhere, stream.fileno())


def _replacement(number: int, name: str, flags: int) -> io.TextIOWrapper:
    handle = os.open(os.devnull, flags)
    if handle != number and not _is_open(number):
        os.dup2(handle, number)
        os.close(handle)
        handle = number
    mode = "r" if name == "stdin" else "w"
    return open(handle, mode, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[return-value]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
