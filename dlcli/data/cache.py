"""Files that can be made again, in the user's cache folder."""

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

_HINT = "free some space, or set DLCLI_CACHE to a folder that has it and may be written to"
_AN_HOUR, _A_DAY = 3_600.0, 86_400.0
_LONGEST = 40  # characters of a slot; names of files have at most 255 bytes


def folder(*parts: str) -> Path:
    """Return a folder of the user's cache, made if missing.

    Raises:
        DiskError: it cannot be made.
    """
    path = cache_folder(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the cache {path} cannot be made: {error.strerror}", hint=_HINT) from error
    return path


def replacing(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Open a new file that takes the place of one in the cache once the block ends without an error."""
    return files.atomic_write(path, _HINT)


def seal(body: bytes) -> bytes:
    """Put a checksum before the bytes of a file."""
    return b"%d\n%s" % (zlib.crc32(body), body)


def unseal(sealed: bytes) -> bytes:
    """Return the bytes that were sealed; raise ValueError where they are not those."""
    checksum, _, body = sealed.partition(b"\n")
    if int(checksum) != zlib.crc32(body):
        raise ValueError("the file is damaged")
    return body


@contextmanager
def kept() -> Iterator[None]:
    """Turn the loss of a file that was just written, as somebody emptied the cache, into a `DiskError`."""
    try:
        yield
    except FileNotFoundError as error:
        hint = "run the command again, and empty the cache while none is running"
        raise DiskError(
            f"the cache must keep its files while they are in use, lost {error.filename}", hint=hint
        ) from error


class Stem:
    """The beginning `SLOT.KEY` of the names of files that were made from one state of one place.

    Several processes may use the states of one place at once, as a sweep over an option does, so that a state is
    removed only when none has used it for an hour.
    """

    def __init__(self, slot: str, key: str):
        """Name the files of `slot`, a short name of the place, in the state that `key` describes in full."""
        self.folder = folder("data")
        self.slot = re.sub(r"[^\w-]", "_", slot)
        if len(self.slot) > _LONGEST:
            self.slot = f"{self.slot[:_LONGEST]}-{_hash(slot)[:8]}"
        self.name = f"{self.slot}.{_hash(key)[:20]}"
        for path in self.folder.glob(f"{self.name}.*"):
            with contextlib.suppress(OSError):
                os.utime(path)  # in use from now on

    def path(self, ending: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / f"{self.name}.{ending}"

    def clear(self) -> None:
        """Remove other states of the place that are no longer used, and what a killed process left behind."""
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
    """Return how many seconds ago a file was written or used; 0 for one that has gone meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
