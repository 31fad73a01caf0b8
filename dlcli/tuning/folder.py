"""The folder of a search.

search.json      identifies the search: technique, options of all runs, ranges
journal.log      the trials, unless --storage names another place
trials/0007/     the run of trial 7
locks/0007       locked by the process that works on trial 7
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import RunError, UsageError
from dlcli.files import as_json, disk_errors, is_stray, read_json, reason, write_text
from dlcli.runs.info import environment
from dlcli.runs.trials.locks import Locks
from dlcli.tuning.space import Space


@dataclasses.dataclass(frozen=True)
class SearchFolder:
    """The folder of a search on this host.

    Attributes:
        path: of the folder.
        id: identifies the folder, since each host may have its own.
        name: of the search in its storage.
    """

    path: Path
    id: str
    name: str

    @property
    def journal(self) -> Path:
        """The storage by default."""
        return self.path / "journal.log"

    def run(self, number: int) -> Path:
        """Return the folder of a trial's run."""
        return self.path / "trials" / f"{number:04d}"

    @property
    def locks(self) -> Locks:
        """The locks of its trials."""
        return Locks(self.path / "locks", self.id)


def identity(space: Space) -> dict[str, Any]:
    """Return what makes two searches the same, as values for JSON."""
    ranges = {name: each.text for name, each in space.ranges.items()}
    return {"technique": space.technique, "options": _json(space.fixed), "params": dict(sorted(ranges.items()))}


def open_folder(space: Space, out: Path | None, name: str | None) -> SearchFolder:
    """Open the folder of a search, or create it.

    Raises:
        RunError: the folder is of another search.
        UsageError: it is in use by something else.
        DiskError: it cannot be created.
    """
    same = identity(space)
    digest = hashlib.sha256(as_json(same).encode()).hexdigest()[:8]
    name = name or f"tune-{space.technique}-{digest}"
    path = out or Path("studies") / name
    if os.path.lexists(path) and not path.is_dir():
        raise UsageError(f"--out {path} must be a folder, found a file")
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the same command may be starting beside this one
        if (path / "search.json").exists():
            return _existing(path, same, name)
        if any(not is_stray(each.name) for each in path.iterdir()):
            raise UsageError(f"--out {path} must be a new or empty folder, or the folder of this search, found another")
        found = SearchFolder(path, secrets.token_hex(8), name)
        write_text(path / "search.json", as_json({"id": found.id, "name": name, **same, **environment()}, indent=2))
        return found
    finally:
        os.close(handle)


def _existing(path: Path, same: Mapping[str, Any], name: str) -> SearchFolder:
    try:
        found = read_json(path / "search.json")
    except (OSError, ValueError) as error:
        raise RunError(f"{path / 'search.json'} cannot be read: {reason(error)}") from error
    if {key: found.get(key) for key in same} != same:
        raise RunError(
            f"{path} is of another search, or of other options",
            hint="give another --out, or the options of its search.json",
        )
    return SearchFolder(path, str(found.get("id")), str(found.get("name", name)))


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dict(sorted(values.items())), default=str))
    return found
