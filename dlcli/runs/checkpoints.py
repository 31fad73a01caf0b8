"""Checkpoints: arrays by name through orbax, with a manifest that proves them whole.

    checkpoints/00000500/
      state/           the arrays, as orbax writes them, uncompressed
      progress.json    what else a resumed run needs
      manifest.json    size and SHA-256 of every other file; shape and type of every array; its own SHA-256

A checkpoint is written under another name, flushed to the disk, read back and renamed, so that it is
there as a whole or not at all. Reading trusts nothing: files are compared with the manifest and arrays
with what the program expects before orbax sees them. Files that the manifest does not name are ignored.
Nothing in a checkpoint is code.
"""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from pydantic import BaseModel, ConfigDict

from dlcli.errors import DiskError, RunError
from dlcli.files import as_json, disk_errors, is_stray, opened, plain_path, read_object, size_text, sync

Shapes = Mapping[str, jax.ShapeDtypeStruct]
_OVERHEAD = 64 * 2**20  # bytes; what orbax adds to the arrays comes nowhere near
_READ_BY_ORBAX = {"_sharding", "_strings.json", "array_metadatas", "checkpoint"}  # if there, though we write none


class Damaged(Exception):
    """A checkpoint is not what was written."""


class OtherArrays(RunError):
    """A checkpoint is whole, but holds other arrays than the program has."""


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
        draft = self._aside("draft", step)
        with disk_errors(draft):
            try:
                draft.mkdir(parents=True)
                _write(draft, arrays, progress)
                _read_back(draft, arrays)
                if self.path(step).exists():
                    self.path(step).rename(self._aside("removed", step))
                draft.rename(self.path(step))
                for changed in (self.folder, self.folder.parent):
                    sync(changed)
            finally:
                self._clear()

    def load(self, step: int, expected: Shapes) -> dict[str, np.ndarray]:
        """Read the arrays of a checkpoint.

        Args:
            step: one of `steps()`.
            expected: shape and type of each array the program wants.

        Raises:
            Damaged: a file is missing, changed or out of place.
            OtherArrays: the checkpoint is whole, but holds other arrays than expected.
        """
        manifest = self._manifest(step)
        wanted = {name: (array.shape, str(array.dtype)) for name, array in expected.items()}
        if manifest.arrays != wanted:
            raise OtherArrays(f"{self.path(step)} {_difference(manifest.arrays, wanted)}")
        self._verify(step, manifest)
        filled = {name: (shape, dtype) for name, (shape, dtype) in wanted.items() if math.prod(shape)}
        empty = {name: np.zeros(*wanted[name]) for name in wanted.keys() - filled.keys()}
        return {**_read(self.path(step), filled), **empty}

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
                self.path(step).rename(self._aside("removed", step))
        self._clear()

    def set_aside(self, steps: Iterable[int]) -> list[Path]:
        """Rename the checkpoints of these steps, so that they count no more; those set aside before are removed.

        Returns:
            where they are now.
        """
        doomed = list(steps)
        if doomed:
            for old in self.folder.glob("damaged-*"):
                shutil.rmtree(old, ignore_errors=True)
        moved = []
        for step in doomed:
            moved.append(self.folder / f"damaged-{step:08d}")
            if moved[-1].exists():  # it could not be removed
                moved[-1] = self.folder / f"damaged-{step:08d}-{secrets.token_hex(4)}"
            self.path(step).rename(moved[-1])
        return moved

    def _aside(self, why: str, step: int) -> Path:
        # A name of its own: what an earlier crash left there may not be removable, as open files on NFS are not.
        return self.folder / f".{why}-{step:08d}-{secrets.token_hex(4)}"

    def _clear(self) -> None:
        """Remove unfinished checkpoints, and those that were about to be removed."""
        for left in [*self.folder.glob(".draft-*"), *self.folder.glob(".removed-*")]:
            shutil.rmtree(left, ignore_errors=True)

    def _verify(self, step: int, manifest: Manifest) -> None:
        """Compare the files of a checkpoint with its manifest; raise `Damaged` where they differ."""
        folder = self.path(step)
        if lost := sorted(manifest.files.keys() - set(_files(folder))):
            raise Damaged(f"{folder} lacks {lost[0]}")
        needed = sum(math.prod(shape) * np.dtype(kind).itemsize for shape, kind in manifest.arrays.values())
        _refuse_readable(folder, manifest)
        size = sum((folder / name).stat().st_size for name in manifest.files)
        if not needed <= size <= 2 * needed + _OVERHEAD:
            raise Damaged(f"{folder} holds {size} bytes for arrays of {needed}")
        for name, record in manifest.files.items():
            _compare(folder / name, record)

    def _manifest(self, step: int) -> Manifest:
        return _manifest(self.path(step))


def require_room(folder: Path, bytes_each: int, count: int) -> None:
    """Raise `DiskError` where `count` checkpoints would not fit into the free room at `folder`."""
    free, needed = shutil.disk_usage(folder).free, bytes_each * count
    if needed > free:
        raise DiskError(
            f"{count} checkpoints of {size_text(bytes_each)} need {size_text(needed)},"
            f" found {size_text(free)} free at {folder}",
            hint="choose another folder with --out, or keep fewer with --keep",
        )


def _write(draft: Path, arrays: Mapping[str, np.ndarray], progress: Mapping[str, Any]) -> None:
    """Write all files of a checkpoint and wait until they are on the disk."""
    # Uncompressed: weights hardly shrink, and a file smaller than its arrays is known to be false.
    filled = {name: array for name, array in arrays.items() if array.size}  # orbax refuses empty ones
    with plain_path(draft) as plain:
        ocp.PyTreeCheckpointer(use_compression=False).save(plain / "state", filled)
    (draft / "progress.json").write_text(as_json(progress))
    (draft / "manifest.json").write_text(_describe(draft, arrays).sealed())
    _flush(draft)


def _read_back(draft: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Read the manifest and the index of the arrays as `load` would; raise `DiskError` where that fails."""
    wanted = {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}
    try:
        if _manifest(draft).arrays != wanted:
            raise Damaged(f"{draft / 'manifest.json'} names other arrays than were written")
        with _for_orbax(draft) as state:
            _check_layout(state, {name: each for name, each in wanted.items() if math.prod(each[0])})
    except Damaged as damage:
        raise DiskError(f"the checkpoint was written, but cannot be read back: {damage}") from damage


def _manifest(checkpoint: Path) -> Manifest:
    path = checkpoint / "manifest.json"
    if checkpoint.is_symlink():
        raise Damaged(f"{checkpoint} must be a folder of the run, found a link")
    try:
        return Manifest.opened(_object(path))
    except ValueError as error:
        raise Damaged(f"{path} is not what was written") from error


def _files(folder: Path) -> list[str]:
    """List the plain files below `folder`; links are left out and not followed."""
    names = []
    for here, _, files in os.walk(folder):
        paths = [Path(here) / name for name in files]
        names += [str(path.relative_to(folder)) for path in paths if path.is_file() and not path.is_symlink()]
    return names


def _refuse_readable(checkpoint: Path, manifest: Manifest) -> None:
    """Raise `Damaged` for what the manifest does not name and the libraries might read: links, pipes, their own files.

    Other files, which a system or a person left there, do no harm.
    """
    state = checkpoint / "state"
    named = {checkpoint / name for name in manifest.files}
    for here, folders, files in os.walk(checkpoint):
        inside = Path(here) == state or state in Path(here).parents
        for path in (Path(here, name) for name in [*folders, *files] if not is_stray(name)):
            odd = path.is_symlink() or not (path.is_file() or path.is_dir())
            if (odd and (inside or path == state)) or (path.parent == state and path.name in _READ_BY_ORBAX):
                raise Damaged(f"{path} must be a plain file that the manifest names")
            if inside and path not in named and path.is_file() and path.stat().st_size > _OVERHEAD:
                raise Damaged(f"{path} is too large for a file that the manifest does not name")


def _compare(path: Path, record: File | None) -> None:
    try:
        # The size first: a file without end is not to be read.
        same = record is not None and path.stat().st_size == record.size and _record(path) == record
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
    if not same:
        raise Damaged(f"{path} is not what was written")


def _record(path: Path) -> File:
    with opened(path, links=False) as file:
        return File(size=os.fstat(file.fileno()).st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def _describe(folder: Path, arrays: Mapping[str, np.ndarray]) -> Manifest:
    written = sorted(name for name in _files(folder) if not any(map(is_stray, Path(name).parts)))
    return Manifest(
        arrays={name: (array.shape, str(array.dtype)) for name, array in arrays.items()},
        files={name: _record(folder / name) for name in written},
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


@contextmanager
def _for_orbax(checkpoint: Path) -> Iterator[Path]:
    """Yield a path of the arrays that orbax can take; whatever it raises on untrusted files becomes `Damaged`."""
    with plain_path(checkpoint) as plain:
        try:
            yield plain / "state"
        except MemoryError:
            raise
        except Exception as error:
            reason = str(error).partition("\n")[0].replace(str(plain), str(checkpoint))
            raise Damaged(f"{checkpoint / 'state'} cannot be read: {reason}") from error


def _read(checkpoint: Path, wanted: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, np.ndarray]:
    as_numpy = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in wanted}
    with _for_orbax(checkpoint) as state:
        _check_layout(state, wanted)
        found = dict(ocp.PyTreeCheckpointer().restore(state, restore_args=as_numpy))
    if {name: (array.shape, str(array.dtype)) for name, array in found.items()} != wanted:
        raise Damaged(f"{checkpoint / 'state'} holds other arrays than it declares")
    return found


def _check_layout(state: Path, wanted: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    # The manifest is untrusted too: before orbax allocates anything, its own record must agree.
    tree = ocp.PyTreeCheckpointer().metadata(state).item_metadata.tree
    if tree.keys() != wanted.keys():
        raise Damaged("it declares other arrays than the manifest")
    for name, (shape, dtype) in wanted.items():
        array = tree[name]
        chunk = array.storage.chunk_shape if array.storage else shape
        same = tuple(array.shape) == shape and str(np.dtype(array.dtype)) == dtype
        if not same or math.prod(chunk) > max(1, math.prod(shape)):
            raise Damaged(f"it declares {name} as {array.dtype}{list(array.shape)} in chunks of {chunk}")


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
