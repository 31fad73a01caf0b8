"""An index of the states of runs, so that listing thousands of them reads only the files that have changed.

It is a file in the cache folder that can be removed at any time. An entry is used only while the size, the inode and
the modification time of each file that it was made of are the same; a run that has not ended is always read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from dlcli import __version__
from dlcli.errors import DiskError, RunError
from dlcli.files import disk_errors, read_bytes, write_text
from dlcli.notices import warn
from dlcli.paths import cache_folder
from dlcli.runs.lock import is_locked
from dlcli.runs.summary import Summary, summarize

_FILES = ("run.json", "options.json", "metrics.jsonl", "checkpoints")  # that a summary is made of
_LARGEST = 2**28  # bytes of an index

Stamp = tuple[tuple[int, int, int], ...]


class _Entry(BaseModel):
    stamp: Stamp
    summary: Summary


class _Index(BaseModel):
    version: str = __version__
    entries: dict[str, _Entry] = {}


def summaries(folders: Iterable[Path]) -> list[Summary]:
    """Return the states of runs, the run that was started or resumed last at the end; warn about broken ones."""
    found = list(folders)
    path = _place()
    known = _read(path)
    renewed = _Index()
    summarized: list[tuple[float, Summary]] = []
    for folder in found:
        key, stamp = os.path.abspath(folder), _stamp(folder)
        entry = known.entries.get(key)
        if entry is None or not _is_valid(entry, folder, stamp):
            try:
                entry = _Entry(stamp=stamp, summary=summarize(folder))
            except RunError as error:  # a broken run must not hide the others
                warn(f"skipped: {error}")
                continue
        renewed.entries[key] = entry
        summarized.append((stamp[1][2], entry.summary))
    # Runs that are not listed now, such as those of another folder, keep their entries.
    changed = any(known.entries.get(key) is not entry for key, entry in renewed.entries.items())
    if changed or known.version != __version__:
        _write(path, _Index(entries={**_existing(known), **renewed.entries}))
    return [summary for _, summary in sorted(summarized, key=lambda pair: (pair[0], pair[1].folder.name))]


def _is_valid(entry: _Entry, folder: Path, stamp: Stamp) -> bool:
    found = entry.summary
    ended = found.info.ended is not None and found.state != "running" and not is_locked(folder)
    return ended and entry.stamp == stamp and found.folder == folder


def all_runs(*roots: Path) -> Iterator[Path]:
    """Yield the folders of all runs below some folders, without following links or looking into runs."""
    for root in roots:
        try:
            entries = sorted(os.scandir(root), key=lambda each: each.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            if os.path.lexists(f"{entry.path}/options.json"):
                yield Path(entry.path)
            else:
                yield from all_runs(Path(entry.path))


def _place() -> Path:
    # One index per working directory: the folders in it are relative.
    digest = hashlib.sha256(os.fsencode(os.getcwd())).hexdigest()[:16]
    return cache_folder("runs", f"{digest}.json")


def _stamp(folder: Path) -> Stamp:
    return tuple(_state(f"{folder}/{name}") for name in _FILES)


def _state(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_size, found.st_ino, found.st_mtime_ns


def _existing(index: _Index) -> dict[str, _Entry]:
    return {key: entry for key, entry in index.entries.items() if os.path.lexists(f"{key}/run.json")}


def _read(path: Path) -> _Index:
    """Read an index; an empty one if there is none, or it is not valid or of another version."""
    try:
        found = _Index.model_validate_json(read_bytes(path, _LARGEST, links=False))
    except (OSError, ValueError, ValidationError):
        return _Index(version="")
    return found if found.version == __version__ else _Index(version="")


def _write(path: Path, index: _Index) -> None:
    index.entries = {key: entry for key, entry in index.entries.items() if _storable(key, entry)}
    with contextlib.suppress(DiskError), disk_errors(path):  # the index only saves time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, index.model_dump_json())


def _storable(key: str, entry: _Entry) -> bool:
    """Return whether JSON can express an entry: names of files need not be Unicode."""
    try:
        key.encode()
        entry.model_dump_json()
    except (UnicodeEncodeError, PydanticSerializationError):
        return False
    return True
