"""The manifest of a checkpoint: size and SHA-256 of every file, shape and dtype of every array.

A manifest is untrusted too, and has a checksum of its own. Files that it does not name are ignored, unless orbax would
read them.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from dlcli.files import as_json, is_stray, open_regular, read_json, reason
from dlcli.runs.parts import Arrays, Seals, Split, block_files, split

Declared = dict[str, tuple[tuple[int, ...], str]]  # shape and dtype of each array by its name

_OVERHEAD = 64 * 2**20  # bytes; what orbax adds to the arrays is far below
_READ_BY_ORBAX = {"_sharding", "_strings.json", "array_metadatas", "checkpoint"}  # if present, though we write none


class Corrupt(Exception):
    """The files of a checkpoint are not those that were written."""


class File(BaseModel):
    """Size in bytes and checksum of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: int
    sha256: str


class Manifest(BaseModel):
    """The content of a checkpoint.

    Attributes:
        arrays: shape and dtype of each by its name.
        split: those that are stored in blocks (see `parts`); block N of each is in `part-N`.
        files: each file except the manifest, by its path within the checkpoint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    arrays: Declared
    files: dict[str, File]
    split: Split = {}

    def to_json(self) -> str:
        """Return the manifest as it is written, with its own checksum."""
        return as_json({**self.model_dump(exclude=self._unused()), "sha256": self._checksum()})

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Manifest:
        """Return the manifest that `to_json` wrote; raise ValueError if its checksum is wrong."""
        checksum = found.pop("sha256", None)
        manifest = cls.model_validate(found)
        if checksum != manifest._checksum():
            raise ValueError("its checksum is wrong")
        return manifest

    def _checksum(self) -> str:
        return hashlib.sha256(self.model_dump_json(exclude=self._unused()).encode()).hexdigest()

    def _unused(self) -> set[str]:
        return set() if self.split else {"split"}  # as in checkpoints from before there were parts

    @model_validator(mode="after")
    def _parts_make_up_the_arrays(self) -> Manifest:
        for name, (axis, lengths) in self.split.items():
            shape = self.arrays[name][0] if name in self.arrays else ()
            if not (0 <= axis < len(shape) and min(lengths, default=0) > 0 and sum(lengths) == shape[axis]):
                raise ValueError(f"the parts of {name} do not make up the array")
        return self


def describe(checkpoint: Path, arrays: Arrays, seals: Seals | None = None) -> Manifest:
    """Return the manifest of the files that are in a checkpoint now.

    Args:
        checkpoint: its folder.
        arrays: by name.
        seals: of files that are not read again.
    """
    records = {name: File(size=size, sha256=checksum) for name, (size, checksum) in (seals or {}).items()}
    written = sorted(name for name in plain_files(checkpoint) if not any(map(is_stray, Path(name).parts)))
    records |= {name: _record(checkpoint / name) for name in written if name not in records}
    return Manifest(arrays=declared(arrays), files=records, split=split(arrays))


def declared(arrays: Mapping[str, Any]) -> Declared:
    """Return shape and dtype of each array."""
    return {name: (tuple(array.shape), str(array.dtype)) for name, array in arrays.items()}


def load(checkpoint: Path) -> Manifest:
    """Read the manifest of a checkpoint; raise `Corrupt` if it is not valid."""
    path = checkpoint / "manifest.json"
    if checkpoint.is_symlink():
        raise Corrupt(f"{checkpoint} must be a folder of the run, found a link")
    try:
        return Manifest.from_json(read_file(path))
    except ValueError as error:
        raise Corrupt(f"{path} is not what was written") from error


def verify(checkpoint: Path, manifest: Manifest) -> None:
    """Compare the files of a checkpoint with its manifest; raise `Corrupt` if they differ.

    Of the blocks of split arrays, only the sizes are compared: each is compared as a whole when it is read.
    """
    import numpy as np

    if lost := sorted(manifest.files.keys() - set(plain_files(checkpoint))):
        raise Corrupt(f"{checkpoint} lacks {lost[0]}")
    needed = sum(math.prod(shape) * np.dtype(kind).itemsize for shape, kind in manifest.arrays.values())
    _refuse_unnamed(checkpoint, manifest)
    size = sum((checkpoint / name).stat().st_size for name in manifest.files)
    if not needed <= size <= 2 * needed + _OVERHEAD:
        raise Corrupt(f"{checkpoint} has {size} bytes for arrays of {needed} bytes")
    blocks = block_files(manifest.split)
    for name, record in manifest.files.items():
        if name not in blocks:
            verify_file(checkpoint / name, record)
        elif (checkpoint / name).stat().st_size != record.size:
            raise Corrupt(f"{checkpoint / name} is not what was written")


def verify_file(path: Path, record: File | None) -> None:
    """Compare a file with its record in the manifest; raise `Corrupt` if they differ."""
    try:
        # The size first: a file without end must not be read.
        same = record is not None and path.stat().st_size == record.size and _record(path) == record
    except (OSError, ValueError) as error:
        raise Corrupt(f"{path} cannot be read: {reason(error)}") from error
    if not same:
        raise Corrupt(f"{path} is not what was written")


def read_file(path: Path) -> dict[str, Any]:
    """Read a JSON file of a checkpoint; raise `Corrupt` if that fails."""
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise Corrupt(f"{path} cannot be read: {reason(error)}") from error


def plain_files(folder: Path) -> list[str]:
    """List the plain files below `folder`; leave out links and do not follow them."""
    names = []
    for here, _, files in os.walk(folder):
        paths = [Path(here) / name for name in files]
        names += [str(path.relative_to(folder)) for path in paths if path.is_file() and not path.is_symlink()]
    return names


def _refuse_unnamed(checkpoint: Path, manifest: Manifest) -> None:
    """Raise `Corrupt` for links, pipes and orbax files that the manifest does not name and the libraries might read.

    Other files, left there by a system or a person, do no harm.
    """
    state = checkpoint / "state"
    named = {checkpoint / name for name in manifest.files}
    for here, folders, files in os.walk(checkpoint):
        inside = Path(here) == state or state in Path(here).parents
        for path in (Path(here, name) for name in [*folders, *files] if not is_stray(name)):
            odd = path.is_symlink() or not (path.is_file() or path.is_dir())
            if (odd and (inside or path == state)) or (path.parent == state and path.name in _READ_BY_ORBAX):
                raise Corrupt(f"{path} must be a plain file that the manifest names")
            if inside and path not in named and path.is_file() and path.stat().st_size > _OVERHEAD:
                raise Corrupt(f"{path} is too large for a file that the manifest does not name")


def _record(path: Path) -> File:
    with open_regular(path, links=False) as file:
        return File(size=os.fstat(file.fileno()).st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())
