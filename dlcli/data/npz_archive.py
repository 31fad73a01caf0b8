"""Untrusted `.npz` files: the shapes and types of the arrays are checked before any of them is decompressed."""

from __future__ import annotations

import hashlib
import lzma
import math
import shutil
import stat
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.data import cache
from dlcli.errors import DatasetError, DiskError

_MOST_ARRAYS = 1_000  # in one file
_MOST_COMPRESSION, _ALWAYS_ALLOWED = 200, 2**30  # largest compression ratio of arrays above this size in bytes
_HEADER = 2**16  # bytes; largest header of an array
# Raised by zipfile and numpy for archives that are damaged, encrypted or compressed with an unknown method.
_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    TypeError,
    SyntaxError,
    MemoryError,
    OverflowError,
    LookupError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)


ArrayHeader = tuple[tuple[int, ...], np.dtype[Any]]  # shape and type


class Archive:
    """The arrays of an `.npz` file, by name.

    Attributes:
        path: path of the file.
        headers: shape and type of each array.
        identity: changes whenever the file changes.
        slot: short name of the file.
    """

    def __init__(self, path: Path):
        """Read the headers of the arrays.

        Raises:
            DatasetError: the file is missing, not a regular file or not an `.npz` file.
        """
        self.path = path
        try:
            status = path.stat()
            # Opening a pipe would block until there is a writer, and a device has no end.
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a regular file")
            with zipfile.ZipFile(path) as file:
                names = [name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy")]
                if len(names) > _MOST_ARRAYS:
                    raise ValueError(f"it contains {len(names):,} arrays, more than {_MOST_ARRAYS:,}")
                self.headers = {name: _header(file, name) for name in names}
        except FileNotFoundError:
            raise DatasetError(f"{path} does not exist") from None
        except _DAMAGED as error:
            raise self._damaged(error) from error
        self.identity = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}"
        self.slot = f"npz-{path.stem}-{hashlib.sha256(bytes(path.resolve())).hexdigest()[:8]}"

    def array(self, name: str) -> np.ndarray:
        """Memory-map an array, which may be larger than memory: it is decompressed into the cache first.

        Raises:
            DatasetError: the array is damaged.
            DiskError: the disk has no space for the decompressed array.
        """
        stem = cache.Stem(f"{self.slot}-array-{name}", self.identity)
        target = stem.path("npy")
        try:
            if not target.exists():
                stem.clear()
                self._decompress(name, target)
            with cache.expecting_files():
                return np.load(target, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        except _DAMAGED as error:
            raise self._damaged(error) from error

    def _decompress(self, name: str, target: Path) -> None:
        with zipfile.ZipFile(self.path) as file, file.open(f"{name}.npy") as member:
            size, free = file.getinfo(f"{name}.npy").file_size, shutil.disk_usage(target.parent).free
            if size > free:
                raise DiskError(
                    f"array {name} of {self.path} takes {size / 2**20:,.0f} MiB decompressed, and {target.parent} has "
                    f"{free / 2**20:,.0f} MiB free",
                    hint="free some space, or set DLCLI_CACHE to a folder with more space",
                )
            with cache.replacing(target) as copy:
                shutil.copyfileobj(member, copy, 2**20)

    def _damaged(self, error: Exception) -> DatasetError:
        reason = str(error) or type(error).__name__
        return DatasetError(f"{self.path} must be an .npz file of arrays and cannot be read: {reason}")


def _header(file: zipfile.ZipFile, name: str) -> ArrayHeader:
    with file.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in read:
            raise ValueError(f"array {name} has an unknown format {version}")
        try:
            shape, _, dtype = read[version](stream)
        except (tokenize.TokenError, SyntaxError, MemoryError, RecursionError) as error:
            raise ValueError(f"array {name} has a header that cannot be read") from error
    if dtype.hasobject:
        return shape, dtype
    if any(side < 0 for side in shape):
        raise ValueError(f"array {name} has the shape {shape}")
    member, needed = file.getinfo(f"{name}.npy"), math.prod(shape) * dtype.itemsize
    if not needed <= member.file_size <= needed + _HEADER:
        raise ValueError(
            f"array {name} is {'shorter' if member.file_size < needed else 'longer'} than its shape {shape}"
        )
    if member.file_size > max(_ALWAYS_ALLOWED, _MOST_COMPRESSION * member.compress_size):
        # A file that small and that compressed is more likely made to fill the disk than a data set.
        raise ValueError(
            f"array {name} is compressed {member.file_size // max(member.compress_size, 1):,} to 1 and takes "
            f"{member.file_size / 2**20:,.0f} MiB decompressed, too much to accept; numpy.savez saves it uncompressed"
        )
    return shape, dtype
