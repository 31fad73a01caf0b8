"""Checkpoints: arrays by name through orbax, with a manifest that proves them whole.

    checkpoints/00000500/
      state/           the arrays, as orbax writes them, uncompressed
      progress.json    what else a resumed run needs
      manifest.json    size and SHA-256 of every other file; shape and type of every array; its own SHA-256

A checkpoint is written under another name, flushed to the disk and renamed, so that it is there as
a whole or not at all. Reading trusts nothing: files are compared with the manifest and arrays
with what the program expects before orbax sees them. Nothing in a checkpoint is code.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from pydantic import BaseModel, ConfigDict

from dlcli.errors import DiskError, RunError
from dlcli.files import as_json, disk_errors, read_object, sync

Shapes = Mapping[str, jax.ShapeDtypeStruct]
_OVERHEAD = 64 * 2**20  # bytes; what orbax adds to the arrays comes nowhere near


class Damaged(Exception):
    """A checkpoint is not what was written."""


class File(BaseModel):
    """What is known of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: int
    sha256: str


class Manifest(BaseModel):
    """What a checkpoint holds.

    Attributes:
        arrays: shape and type of each, by name.
        files: each file but the manifest, by its path in the checkpoint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    arrays: dict[str, tuple[tuple[int, ...], str]]
    files: dict[str, File]

    def sealed(self) -> str:
        """Return the manifest as it is written, with its own checksum."""
        return as_json({**self.model_dump(), "sha256": self._checksum()})

    @classmethod
    def opened(cls, found: dict[str, Any]) -> Manifest:
        """Undo `sealed`; raise ValueError where it is not what was written."""
        checksum = found.pop("sha256", None)
        manifest = cls.model_validate(found)
        if checksum != manifest._checksum():
            raise ValueError("its checksum is wrong")
        return manifest

    def _checksum(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Checkpoints:
    """The checkpoints in one folder, by step."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()

    def steps(self) -> list[int]:
        """Return the steps of the checkpoints there are, damaged ones included, in rising order."""
        if self.folder.is_symlink():  # what it leads to is not ours to write to, let alone to remove
            raise RunError(f"{self.folder} must be a folder of the run, found a link")
        if not self.folder.is_dir():
            return []
        folders = [each for each in self.folder.iterdir() if each.name.isdecimal() and each.is_dir()]
        return sorted(int(each.name) for each in folders if each == self.path(int(each.name)) and not each.is_symlink())

    def path(self, step: int) -> Path:
        return self.folder / f"{step:08d}"

    def save(self, step: int, arrays: Mapping[str, np.ndarray], progress: Mapping[str, Any]) -> None:
        """Write a checkpoint; it is on the disk when this returns.

        Raises:
            DiskError: the disk is full or may not be written to; nothing is left behind.
        """
        draft = self.folder / f".draft-{step:08d}"
        with disk_errors(draft):
            try:
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(parents=True)
                # Uncompressed: weights hardly shrink, and a file smaller than its arrays is known to be false.
                filled = {name: array for name, array in arrays.items() if array.size}  # orbax refuses empty ones
                ocp.PyTreeCheckpointer(use_compression=False).save(draft / "state", filled)
                (draft / "progress.json").write_text(as_json(progress))
                (draft / "manifest.json").write_text(_describe(draft, arrays).sealed())
                _flush(draft)
                shutil.rmtree(self.path(step), ignore_errors=True)
                draft.rename(self.path(step))
                for changed in (self.folder, self.folder.parent):
                    sync(changed)
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def load(self, step: int, expected: Shapes) -> dict[str, np.ndarray]:
        """Read the arrays of a checkpoint.

        Args:
            step: one of `steps()`.
            expected: shape and type of each array the program wants.

        Raises:
            Damaged: a file is missing, changed or out of place.
            RunError: the checkpoint is whole, but holds other arrays than expected.
        """
        manifest = self._manifest(step)
        wanted = {name: (array.shape, str(array.dtype)) for name, array in expected.items()}
        if manifest.arrays != wanted:
            raise RunError(f"{self.path(step)} {_difference(manifest.arrays, wanted)}")
        self._verify(step, manifest)
        filled = {name: (shape, dtype) for name, (shape, dtype) in wanted.items() if math.prod(shape)}
        empty = {name: np.zeros(*wanted[name]) for name in wanted.keys() - filled.keys()}
        return {**_read(self.path(step) / "state", filled), **empty}

    def progress(self, step: int) -> dict[str, Any]:
        """Read what was saved beside the arrays; raise `Damaged` where it is not whole."""
        path = self.path(step) / "progress.json"
        _compare(path, self._manifest(step).files.get(path.name))
        return _object(path)

    def prune(self, keep: set[int]) -> None:
        """Remove the checkpoints of all steps but these, and what a crash left of others."""
        for step in self.steps():
            if step not in keep:
                # Renamed first: a crash in the middle of the removal must not leave half a checkpoint.
                doomed = self.folder / f".removed-{step:08d}"
                shutil.rmtree(doomed, ignore_errors=True)
                self.path(step).rename(doomed)
        for left in [*self.folder.glob(".draft-*"), *self.folder.glob(".removed-*")]:
            shutil.rmtree(left, ignore_errors=True)

    def _verify(self, step: int, manifest: Manifest) -> None:
        """Compare the files of a checkpoint with its manifest; raise `Damaged` where they differ."""
        folder = self.path(step)
        there = {name for name in _files(folder) if name != "manifest.json"}
        if there != manifest.files.keys():
            odd = sorted(there ^ manifest.files.keys())[0]
            raise Damaged(f"{folder} lacks {odd}" if odd in manifest.files else f"{folder} holds {odd}, unasked")
        needed = sum(math.prod(shape) * np.dtype(kind).itemsize for shape, kind in manifest.arrays.values())
        size = sum((folder / name).stat().st_size for name in there)
        if not needed <= size <= 2 * needed + _OVERHEAD:
            raise Damaged(f"{folder} holds {size} bytes for arrays of {needed}")
        for name, record in manifest.files.items():
            _compare(folder / name, record)

    def _manifest(self, step: int) -> Manifest:
        path = self.path(step) / "manifest.json"
        if path.parent.is_symlink():
            raise Damaged(f"{path.parent} must be a folder of the run, found a link")
        try:
            return Manifest.opened(_object(path))
        except ValueError as error:
            raise Damaged(f"{path} is not what was written") from error


def require_room(folder: Path, bytes_each: int, count: int) -> None:
    """Raise `DiskError` where `count` checkpoints would not fit into the free room at `folder`."""
    free, needed = shutil.disk_usage(folder).free, bytes_each * count
    if needed > free:
        raise DiskError(
            f"{count} checkpoints of {bytes_each / 2**20:,.1f} MiB need {needed / 2**20:,.0f} MiB,"
            f" found {free / 2**20:,.0f} MiB free at {folder}",
            hint="choose another folder with --out, or keep fewer with --keep",
        )


def _files(folder: Path) -> list[str]:
    """List the files below `folder`; a link or anything else that is no plain file is `Damaged`."""
    names = []
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(here) / name
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise Damaged(f"{path} is not a plain file")
        names += [str((Path(here) / name).relative_to(folder)) for name in files]
    return names


def _compare(path: Path, record: File | None) -> None:
    try:
        found = _record(path)
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
    if found != record:
        raise Damaged(f"{path} is not what was written")


def _record(path: Path) -> File:
    with path.open("rb") as file:
        return File(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def _describe(folder: Path, arrays: Mapping[str, np.ndarray]) -> Manifest:
    return Manifest(
        arrays={name: (array.shape, str(array.dtype)) for name, array in arrays.items()},
        files={name: _record(folder / name) for name in sorted(_files(folder))},
    )


def _flush(folder: Path) -> None:
    for name in _files(folder):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    for here, _, _ in os.walk(folder):
        sync(Path(here))


def _object(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error


def _read(state: Path, wanted: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, np.ndarray]:
    as_numpy = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in wanted}
    try:
        _check_layout(state, wanted)
        found = dict(ocp.PyTreeCheckpointer().restore(state, restore_args=as_numpy))
    except (MemoryError, Damaged):
        raise
    except Exception as error:  # a stranger's files can make orbax raise anything
        raise Damaged(f"{state} cannot be read: {str(error).partition(chr(10))[0]}") from error
    if {name: (array.shape, str(array.dtype)) for name, array in found.items()} != wanted:
        raise Damaged(f"{state} holds other arrays than it declares")
    return found


def _check_layout(state: Path, wanted: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    # The manifest is a stranger's word too: before orbax allocates anything, its own record must agree.
    tree = ocp.PyTreeCheckpointer().metadata(state).item_metadata.tree
    if tree.keys() != wanted.keys():
        raise Damaged(f"{state} declares other arrays than the manifest")
    for name, (shape, dtype) in wanted.items():
        array = tree[name]
        chunk = array.storage.chunk_shape if array.storage else shape
        same = tuple(array.shape) == shape and str(np.dtype(array.dtype)) == dtype
        if not same or math.prod(chunk) > max(1, math.prod(shape)):
            raise Damaged(f"{state} declares {name} as {array.dtype}{list(array.shape)} in chunks of {chunk}")


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            return f"lacks {name}, which these options need"
        if name not in wanted:
            return f"holds {name}, which these options do not have"
        if found[name] != wanted[name]:
            (shape, dtype), (want, kind) = found[name], wanted[name]
            return f"holds {name} as {dtype}{list(shape)}, where these options need {kind}{list(want)}"
    return ""
