"""The lock of a run folder: one process trains in it at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlcli.errors import RunError
from dlcli.notices import warn

_ATTEMPTS = 10
_WAIT = 0.01  # seconds between two attempts


def acquire(folder: Path) -> int:
    """Lock a folder against other processes and return the handle; closing the handle releases the lock.

    Raises:
        RunError: another process has the lock.
    """
    handle = _open(folder)
    try:
        for remaining in reversed(range(_ATTEMPTS)):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not remaining:
                    raise
                time.sleep(_WAIT)  # `is_locked` takes the lock for a moment
    except BlockingIOError as error:
        os.close(handle)
        hint = "wait until it ends, or stop it with Ctrl-C"
        raise RunError(f"{folder} is in use: another process is training in it", hint=hint) from error
    except OSError as error:
        warn(f"{folder} cannot be locked ({error.strerror}): make sure that no other process trains in it")
    return handle


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder within the block; raises as `acquire` does."""
    handle = acquire(folder)
    try:
        yield
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Return whether a process on this machine is training in the folder."""
    try:
        handle = _open(folder)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)
    return False


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
