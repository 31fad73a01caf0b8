"""Locks of trials: files in a folder, each locked by the process that works on the trial of its number."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import secrets
from pathlib import Path

from dlcli.files import disk_errors, read_bytes

_ID = "id"  # the file that contains it


@dataclasses.dataclass(frozen=True)
class Locks:
    """The locks of the trials whose runs are in one folder.

    Attributes:
        path: folder of the lock files.
        id: identifies the folder of the runs, since each host may have its own.
    """

    path: Path
    id: str

    @classmethod
    def of(cls, path: Path) -> Locks:
        """Return the locks in a folder, which is created with a new id if it does not exist."""
        locks = cls(path, secrets.token_hex(8))
        locks.mark()
        return cls(path, (path / _ID).read_text())

    def mark(self) -> None:
        """Write the id into the folder of the lock files, unless it has one."""
        if (self.path / _ID).exists():
            return
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            own = self.path / f"{_ID}.{secrets.token_hex(8)}"
            own.write_text(self.id)
            try:
                os.link(own, self.path / _ID)  # fails if another process was faster
            except FileExistsError:
                pass
            finally:
                own.unlink()

    def lock(self, number: int) -> int | None:
        """Lock a trial against other processes, and return the handle; None if another process has it."""
        path = self._file(number)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def was_started(self, number: int) -> bool:
        """Return whether a process on this file system has worked on a trial."""
        return self._file(number).exists()

    def _file(self, number: int) -> Path:
        return self.path / f"{number:04d}"


def id_of(path: Path) -> str | None:
    """Return the id in a folder of lock files; None if it cannot be read."""
    try:
        return read_bytes(path / _ID, 100).decode()
    except (OSError, ValueError):
        return None
