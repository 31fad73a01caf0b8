"""Changes to whole runs: another name, a note, removal. It takes no jax."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlcli.errors import DiskError, RunError, UsageError
from dlcli.files import as_json, disk_errors, is_stray, sync, write_text
from dlcli.runs.folders import Folder, is_unfinished


def rename(folder: Path, name: str) -> Path:
    """Rename the folder of a run within the folder that it is in, and return where it is.

    Raises:
        UsageError: there is something of this name.
        RunError: a process is training in it.
    """
    folder = _plain(folder)
    target = folder.parent / name
    if os.path.lexists(target):
        raise UsageError(f"NAME must be the name of no other run, found {target}")
    with _held(folder), disk_errors(target):
        folder.rename(target)
        sync(target.parent)
    return target


def note(folder: Path, text: str) -> None:
    """Keep a note of the user in `run.json`; an empty one removes it."""
    found = {name: value for name, value in Folder(folder).about().items() if name != "note"}
    write_text(folder / "run.json", as_json({**found, **({"note": text} if text else {})}, indent=2))


def require_removable(folder: Path) -> None:
    """Raise `RunError` where a folder is no run, is behind a link, or is being trained in."""
    if folder.is_symlink():
        raise RunError(f"{folder} must be the folder of a run, found a link", hint="remove the link itself with rm")
    names = {each.name for each in folder.iterdir() if not is_stray(each.name)} if folder.is_dir() else set()
    if not (folder / "options.json").is_file() and not is_unfinished(folder, names):
        raise RunError(f"{folder} must be the folder of a run, found something else")
    with _held(folder):
        pass


def remove(folder: Path) -> None:
    """Remove the folder of a run and everything in it; links in it are removed, not what they lead to.

    Raises:
        RunError: as `require_removable` has it.
        DiskError: a file cannot be removed.
    """
    folder = _plain(folder)
    require_removable(folder)
    # Renamed first, so that a removal that is broken off leaves no half of a run that looks like one.
    doomed = folder.parent / f".removed-{secrets.token_hex(8)}"
    with _held(folder), disk_errors(folder):
        folder.rename(doomed)
        try:
            shutil.rmtree(doomed)
        except OSError as error:
            raise DiskError(f"{doomed}, which was {folder}, cannot be removed: {error.strerror}") from error


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(os.lstat(os.path.join(here, name)).st_size for here, _, files in os.walk(folder) for name in files)


def _plain(folder: Path) -> Path:
    """Return the folder by its own name, which "." and "runs/x/.." do not have."""
    return folder if folder.name not in ("", "..") else folder.resolve()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep training out of a folder; raise `RunError` where it is going on."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        hint = "wait until it ends, or stop it with Ctrl-C"
        raise RunError(f"{folder} must not be in use, and a process is training in it", hint=hint) from error
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        os.close(handle)
