"""Where dlcli keeps what it makes."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """Return a folder under `DLCLI_CACHE`, else `$XDG_CACHE_HOME/dlcli`, else `~/.cache/dlcli`."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dlcli"
    return Path(os.environ.get("DLCLI_CACHE") or usual).expanduser().joinpath(*parts)


def runs_folder() -> Path:
    """Return the folder that holds the runs; DLCLI_RUNS moves it."""
    return Path(os.environ.get("DLCLI_RUNS") or "runs")
