"""The folders that dlcli writes to: the cache and the runs."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from dlcli.errors import DiskError


def cache_folder(*parts: str) -> Path:
    """Return a folder under `$DLCLI_CACHE`, else `$XDG_CACHE_HOME/dlcli`, else `~/.cache/dlcli`.

    If the last two cannot be created, such as in a container whose user has no home, the cache is a private folder
    in the temporary folder of the system.

    Raises:
        DiskError: that folder belongs to another user.
    """
    if configured := os.environ.get("DLCLI_CACHE"):
        return expand_user(configured).joinpath(*parts)
    usual = expand_user(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dlcli"
    return (usual if is_creatable(usual) else _temporary()).joinpath(*parts)


def runs_folder() -> Path:
    """Return the folder of the runs: `$DLCLI_RUNS`, by default `runs`."""
    return Path(os.environ.get("DLCLI_RUNS") or "runs")


def expand_user(path: str | Path) -> Path:
    """Replace a leading ~ by the home folder; if there is none, return the path unchanged."""
    return Path(os.path.expanduser(path))


def is_creatable(folder: Path) -> bool:
    """Return whether a folder is writable or can be created."""
    if str(folder).startswith("~"):
        return False
    # A dangling link exists here: no folder can be created in its place.
    there = next(each for each in [folder.absolute(), *folder.absolute().parents] if os.path.lexists(each))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def nearest_existing(path: Path) -> Path:
    """Return the path if it exists, else the nearest of its parent folders that exists."""
    return next(each for each in [path, *path.absolute().parents] if os.path.exists(each))


def _temporary() -> Path:
    folder = Path(tempfile.gettempdir()) / f"dlcli-{os.getuid()}"
    hint = "set DLCLI_CACHE to a writable folder"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise DiskError(f"the cache folder {folder} cannot be created: {error.strerror}", hint=hint) from error
    # Another user who can write there could choose the code that is loaded from the compilation cache.
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o022:
        raise DiskError(
            f"the cache folder {folder} must belong to the user and be writable by no other user", hint=hint
        )
    return folder
