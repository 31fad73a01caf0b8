"""Files of token ids in the cache: `NAME.ids`, and its record `NAME.json`, which is written last.

Also of the places where sequences of them start.

The record contains the checksum of the ids, so that incomplete files of a killed process are rebuilt.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from dlcli.data import cache

_CHUNK = 2**20  # bytes
_DTYPES = {"uint16": np.uint16, "uint32": np.uint32, "int64": np.int64}


class Record(BaseModel):
    """Description of the file of ids; the checksum is the CRC-32 of its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int
    dtype: str
    checksum: int


def load(stem: cache.Stem, prefix: str = "") -> np.ndarray | None:
    """Map ids or starts into memory, uint16, uint32 or int64; return None if they are missing or damaged.

    Args:
        stem: of the files.
        prefix: of their extensions, such as "0003.".
    """
    try:
        record = Record.model_validate_json(cache.unseal(stem.path(f"{prefix}json").read_bytes()))
        path = stem.path(f"{prefix}ids")
        if _checksum(path) != record.checksum:
            return None
        if not record.tokens:
            return np.empty(0, _DTYPES[record.dtype])
        ids = np.memmap(path, _DTYPES[record.dtype], mode="r").view(np.ndarray)
    except (OSError, ValueError, KeyError):
        return None
    return ids if len(ids) == record.tokens else None


def required(stem: cache.Stem, prefix: str = "") -> np.ndarray:
    """Map ids into memory that have just been written.

    Raises:
        DiskError: they have been deleted or damaged meanwhile.
    """
    if (found := load(stem, prefix)) is None:
        raise cache.lost(stem.path(f"{prefix}ids"))
    return found


def write(stem: cache.Stem, parts: Iterable[np.ndarray], vocabulary: int, prefix: str = "") -> None:
    """Write ids and their record.

    Args:
        stem: of the files.
        parts: ids in order, in any number of parts.
        vocabulary: number of different ids.
        prefix: of the extensions of the files.
    """
    _write(stem, parts, "uint16" if vocabulary <= 2**16 else "uint32", prefix)


def write_starts(stem: cache.Stem, lengths: Iterable[np.ndarray], prefix: str) -> None:
    """Write where each of some sequences starts, and the length of all, int64 [sequence + 1].

    Args:
        stem: of the files.
        lengths: of the sequences in order, in any number of parts.
        prefix: of the extensions of the files.
    """

    def starts() -> Iterator[np.ndarray]:
        end = np.zeros(1, np.int64)
        yield end
        for part in lengths:
            ends = end + np.cumsum(part, dtype=np.int64)
            yield ends
            end = ends[-1:] if len(ends) else end

    _write(stem, starts(), "int64", prefix)


def _write(stem: cache.Stem, parts: Iterable[np.ndarray], dtype: str, prefix: str) -> None:
    count, checksum = 0, 0
    with cache.replacing(stem.path(f"{prefix}ids")) as file:
        for part in parts:
            written = part.astype(_DTYPES[dtype])
            checksum = zlib.crc32(written.data, checksum)
            count += len(written)
            file.write(written.data)
    record = Record(tokens=count, dtype=dtype, checksum=checksum)
    with cache.replacing(stem.path(f"{prefix}json")) as file:
        file.write(cache.seal(record.model_dump_json().encode()))


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file, which is not mapped: its pages would count as memory of the process."""
    checksum = 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            checksum = zlib.crc32(data, checksum)
    return checksum
