"""Untrusted `.npz` files: shapes and types of their arrays are checked before any is unpacked."""

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

import numpy as np

from dlcli.data import cache
from dlcli.errors import DatasetError, DiskError

_MOST_ARRAYS = 1_000  # of a file
_MOST_PACKED, _BELIEVED = 200, 2**30  # times an array may be packed; bytes up to which that is not asked
_HEADER = 2**16  # bytes that an array's file may be longer than its numbers
# What zipfile and numpy raise at archives that are damaged, encrypted or packed in an unknown way.
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


class Archive:
    """The arrays of an `.npz` file, by name.

    Attributes:
        path: of the file.
        forms: shape and type of each array.
        identity: changes whenever the file does.
        slot: a short name of the file.
    """

    def __init__(self, path: Path):
        """Read the headers of the arrays.

        Raises:
            DatasetError: it is missing, no regular file or no `.npz` file.
        """
        self.path = path
        try:
            status = path.stat()
            # Opening a pipe would wait for a writer, and a device has no end.
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a regular file")
            with zipfile.ZipFile(path) as file:
                names = [name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy")]
                if len(names) > _MOST_ARRAYS:
                    raise ValueError(f"it holds {len(names):,} arrays, more than {_MOST_ARRAYS:,}")
                self.forms = {name: _form(file, name) for name in names}
        except FileNotFoundError:
            raise DatasetError(f"{path} does not exist") from None
        except _DAMAGED as error:
            raise self._damaged(error) from error
        self.identity = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}"
        self.slot = f"npz-{path.stem}-{hashlib.sha256(bytes(path.resolve())).hexdigest()[:8]}"

    def array(self, name: str) -> np.ndarray:
        """Map an array that may be larger than memory: the archive's member is unpacked into the cache.

        Raises:
            DatasetError: it is damaged, or packed so closely that it must be meant to fill the disk.
            DiskError: there is no room to unpack it.
        """
        stem = cache.Stem(f"{self.slot}-array-{name}", self.identity)
        target = stem.path("npy")
        try:
            if not target.exists():
                stem.clear()
                self._unpack(name, target)
            with cache.kept():
                return np.load(target, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        except _DAMAGED as error:
            raise self._damaged(error) from error

    def _unpack(self, name: str, target: Path) -> None:
        with zipfile.ZipFile(self.path) as file, file.open(f"{name}.npy") as member:
            size, free = file.getinfo(f"{name}.npy").file_size, shutil.disk_usage(target.parent).free
            if size > free:
                raise DiskError(
                    f"array {name} of {self.path} takes {size / 2**20:,.0f} MiB unpacked, and {target.parent} has "
                    f"{free / 2**20:,.0f} MiB free",
                    hint="free some space, or set DLCLI_CACHE to a folder that has it",
                )
            with cache.replacing(target) as copy:
                shutil.copyfileobj(member, copy, 2**20)

    def _damaged(self, error: Exception) -> DatasetError:
        reason = str(error) or type(error).__name__
        return DatasetError(f"{self.path} must be an .npz file of arrays, and cannot be read: {reason}")


def _form(file: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    with file.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in read:
            raise ValueError(f"array {name} has an unknown format {version}")
        try:
            shape, _, dtype = read[version](member)
        except (tokenize.TokenError, SyntaxError, MemoryError, RecursionError) as error:
            raise ValueError(f"array {name} has a header that cannot be read") from error
    if dtype.hasobject:
        return shape, dtype
    if any(side < 0 for side in shape):
        raise ValueError(f"array {name} has the shape {shape}")
    about, needed = file.getinfo(f"{name}.npy"), math.prod(shape) * dtype.itemsize
    if not needed <= about.file_size <= needed + _HEADER:
        raise ValueError(
            f"array {name} is {'shorter' if about.file_size < needed else 'longer'} than its shape {shape}"
        )
    if about.file_size > max(_BELIEVED, _MOST_PACKED * about.compress_size):
        raise ValueError(
            f"array {name} is packed {about.file_size // max(about.compress_size, 1):,} to 1 and takes "
            f"{about.file_size / 2**20:,.0f} MiB unpacked, more than is believed; numpy.savez saves it unpacked"
        )
    return shape, dtype
