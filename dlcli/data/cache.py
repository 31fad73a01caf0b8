"""Files in the user's cache folder, all of which can be computed again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from dlcli import files
from dlcli.errors import DiskError
from dlcli.paths import cache_folder

_HINT = "free some space, or set DLCLI_CACHE to a writable folder with enough space"
_AN_HOUR, _A_DAY = 3_600.0, 86_400.0
_LONGEST = 40  # characters of a slot; file names have at most 255 bytes


def folder(*parts: str) -> Path:
    """Return a folder of the user's cache; create it if missing.

    Raises:
        DiskError: the folder cannot be created.
    """
    path = cache_folder(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the cache folder {path} cannot be created: {error.strerror}", hint=_HINT) from error
    return path


def replacing(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Open a new file that replaces a cache file when the block ends without an error."""
    return files.atomic_write(path, _HINT)


def seal(body: bytes) -> bytes:
    """Prepend a checksum to the bytes of a file."""
    return b"%d\n%s" % (zlib.crc32(body), body)


def unseal(sealed: bytes) -> bytes:
    """Return the bytes without their checksum; raise ValueError if they do not match it."""
    checksum, _, body = sealed.partition(b"\n")
    if int(checksum) != zlib.crc32(body):
        raise ValueError("the file is damaged")
    return body


@contextmanager
def expecting_files() -> Iterator[None]:
    """Convert a missing file to a `DiskError`: the cache was emptied while it was in use."""
    try:
        yield
    except FileNotFoundError as error:
        raise lost(error.filename) from error


def lost(path: object) -> DiskError:
    """Return the error of a cache file that was deleted or damaged while it was in use."""
    hint = "run the command again, and empty the cache only while no command is running"
    return DiskError(f"a cache file was deleted while in use: {path}", hint=hint)


class Stem:
    """The prefix `SLOT.KEY` of the names of cache files; the slot names an origin, the key hashes one state of it.

    Several processes may use different states of one slot at the same time, for example in a sweep over an option, so
    a state is removed only after an hour without use.
    """

    def __init__(self, slot: str, key: str):
        """Choose the prefix.

        Args:
            slot: short name of the origin, such as a data set, its split and the image size.
            key: full description of the state, which changes whenever the files must be computed again.
        """
        self.folder = folder("data")
        self.slot = re.sub(r"[^\w-]", "_", slot)
        if len(self.slot) > _LONGEST:
            self.slot = f"{self.slot[:_LONGEST]}-{_hash(slot)[:8]}"
        self.name = f"{self.slot}.{_hash(key)[:20]}"
        for path in self.folder.glob(f"{self.name}.*"):
            with contextlib.suppress(OSError):
                os.utime(path)  # marks the file as used

    @classmethod
    def named(cls, folder: str, slot: str, name: str) -> Stem:
        """Return a prefix that another process has chosen."""
        stem = object.__new__(cls)
        stem.folder, stem.slot, stem.name = Path(folder), slot, name
        return stem

    def path(self, extension: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / f"{self.name}.{extension}"

    def clear(self) -> None:
        """Remove unused files of other states of the slot, and unfinished files of killed processes."""
        states: dict[str, list[Path]] = {}
        for path in self.folder.glob(f"{self.slot}.*"):
            states.setdefault(path.name.removeprefix(f"{self.slot}.").partition(".")[0], []).append(path)
        states.pop(self.name.removeprefix(f"{self.slot}."), None)
        old = [path for paths in states.values() if min(map(_age, paths)) > _AN_HOUR for path in paths]
        left = [path for path in self.folder.glob(f".*{files.UNFINISHED}") if _age(path) > _A_DAY]
        for path in [*old, *left]:
            with contextlib.suppress(OSError):
                path.unlink()


def _age(path: Path) -> float:
    """Return the seconds since a file was written or used; 0 if it was deleted in the meantime."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
