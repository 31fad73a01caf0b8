"""Files that can be made again, in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from dlcli import files
from dlcli.errors import DiskError
from dlcli.paths import cache_folder

_HINT = "free some space, or set DLCLI_CACHE to a folder that has it and may be written to"
_LONGEST = 48  # characters of a slot: with four bytes each, a file's name stays below the 255 that it may have
_A_DAY = 86_400.0


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
    return files.replacing(path, _HINT)


def seal(body: bytes) -> bytes:
    """Put a checksum before the bytes of a file."""
    return b"%d\n%s" % (zlib.crc32(body), body)


def unseal(sealed: bytes) -> bytes:
    """Return the bytes that were sealed; raise ValueError where they are not those."""
    checksum, _, body = sealed.partition(b"\n")
    if int(checksum) != zlib.crc32(body):
        raise ValueError("the file is damaged")
    return body


class Stem:
    """The beginning `SLOT.KEY` of the names of files that were made from one state of one place."""

    def __init__(self, slot: str, key: str):
        """Name the files of `slot`, a short name of the place, in the state that `key` describes in full."""
        self.folder = folder("data")
        self.slot = re.sub(r"[^\w-]", "_", slot)[-_LONGEST:]
        self.name = f"{self.slot}.{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:20]}"

    def path(self, ending: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / f"{self.name}.{ending}"

    def clear(self) -> None:
        """Remove what was made from other states of the place, and what a killed process left behind."""
        others = [path for path in self.folder.glob(f"{self.slot}.*") if not path.name.startswith(f"{self.name}.")]
        for path in [*others, *self.folder.glob(f".*{files.UNFINISHED}")]:
            with contextlib.suppress(OSError):
                if path.suffix != files.UNFINISHED or time.time() - path.stat().st_mtime > _A_DAY:
                    path.unlink()
