"""Where dlcli keeps what it makes."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from dlcli.errors import DiskError


def cache_folder(*parts: str) -> Path:
    """Return a folder under `DLCLI_CACHE`, else `$XDG_CACHE_HOME/dlcli`, else `~/.cache/dlcli`.

    Where the last two cannot be had, as in a container whose user has no home, it is one of the user's own below
    the system's folder of temporary files.

    Raises:
        DiskError: that one belongs to someone else.
    """
    if asked := os.environ.get("DLCLI_CACHE"):
        return expanded(asked).joinpath(*parts)
    usual = expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dlcli"
    return (usual if can_be_had(usual) else _temporary()).joinpath(*parts)


def runs_folder() -> Path:
    """Return the folder that holds the runs; DLCLI_RUNS moves it."""
    return Path(os.environ.get("DLCLI_RUNS") or "runs")


def expanded(path: str | Path) -> Path:
    """Replace a leading ~ by the home folder; without one the path stays, and names nothing that exists."""
    return Path(os.path.expanduser(path))


def can_be_had(folder: Path) -> bool:
    """Tell whether a folder can be written to, or made."""
    if str(folder).startswith("~"):
        return False
    there = nearest_existing(folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def nearest_existing(path: Path) -> Path:
    """Return the path if something is there, else the nearest of the folders above it that exists."""
    return next(each for each in [path.absolute(), *path.absolute().parents] if os.path.lexists(each))


def _temporary() -> Path:
    folder = Path(tempfile.gettempdir()) / f"dlcli-{os.getuid()}"
    hint = "set DLCLI_CACHE to a folder that may be written to"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise DiskError(f"no folder can be had for the cache: {folder}: {error.strerror}", hint=hint) from error
    # Whoever else could write there would choose the code that is run from the cache of compilations.
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o022:
        raise DiskError(f"the folder of the cache must be the user's own, found {folder} to be another's", hint=hint)
    return folder
