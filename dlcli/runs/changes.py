"""Changes to whole runs: rename, note, remove."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from dlcli.errors import DiskError, RunError, UsageError
from dlcli.files import as_json, disk_errors, is_stray, sync, write_text
from dlcli.runs.folder import RunFolder, is_unfinished
from dlcli.runs.lock import locked


def rename(folder: Path, name: str) -> Path:
    """Rename the folder of a run within its parent folder, and return the new path.

    Raises:
        UsageError: the name is in use.
        RunError: a process is training in the folder.
    """
    folder = _named(folder)
    target = folder.parent / name
    if os.path.lexists(target):
        raise UsageError(f"NAME must be unused, found {target}")
    with locked(folder), disk_errors(target):
        folder.rename(target)
        sync(target.parent)
    return target


def note(folder: Path, text: str) -> None:
    """Set the user's note in `run.json`; an empty text removes it."""
    found = {name: value for name, value in RunFolder(folder).raw("run.json").items() if name != "note"}
    write_text(folder / "run.json", as_json({**found, **({"note": text} if text else {})}, indent=2))


def require_removable(folder: Path) -> None:
    """Raise `RunError` if a folder is not a run, is a link, or a process is training in it."""
    if folder.is_symlink():
        raise RunError(f"{folder} must be the folder of a run, found a link", hint="remove the link itself with rm")
    names = {each.name for each in folder.iterdir() if not is_stray(each.name)} if folder.is_dir() else set()
    if not (folder / "options.json").is_file() and not is_unfinished(folder, names):
        raise RunError(f"{folder} must be the folder of a run, found something else")
    with locked(folder):
        pass


def remove(folder: Path) -> None:
    """Remove the folder of a run and everything in it; links in it are removed, not their targets.

    Raises:
        RunError: as in `require_removable`.
        DiskError: a file cannot be removed.
    """
    folder = _named(folder)
    require_removable(folder)
    # Renamed first, so that an interrupted removal leaves no half of a run that looks like a run.
    doomed = folder.parent / f".removed-{secrets.token_hex(8)}"
    with locked(folder), disk_errors(folder):
        folder.rename(doomed)
        try:
            shutil.rmtree(doomed)
        except OSError as error:
            raise DiskError(f"{doomed}, which was {folder}, cannot be removed: {error.strerror}") from error


def size(folder: Path) -> int:
    """Return the total size in bytes of the files in a folder."""
    return sum(os.lstat(os.path.join(here, name)).st_size for here, _, files in os.walk(folder) for name in files)


def _named(folder: Path) -> Path:
    """Return the folder by its real name, which "." and "runs/x/.." do not contain."""
    return folder if folder.name not in ("", "..") else folder.resolve()
