"""Checkpoints by step: arrays by name, with a manifest that proves them intact.

    checkpoints/00000500/
      state/           the arrays, as orbax writes them, uncompressed
      part-1/          of arrays that are split over devices, block 1 of each (see `parts`)
      progress.json    the rest of the training state
      manifest.json    size and SHA-256 of every other file; shape and dtype of every array; its own SHA-256

A checkpoint is written under a temporary name, flushed to the disk, read back and renamed, so that it is complete or
absent. Reading trusts nothing: files are compared with the manifest, and arrays with what the program expects, before
orbax reads them. Nothing in a checkpoint is code. jax and orbax load where arrays are written or read.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import DiskError, RunError
from dlcli.files import as_json, disk_errors, size_text, sync
from dlcli.runs import manifest, parts
from dlcli.runs.manifest import Corrupt, Declared
from dlcli.runs.parts import Arrays, Exchange, Ranges, Restored, Seals, split, whole

if TYPE_CHECKING:
    import numpy as np

    from dlcli.runs.arrays import Shapes

# After a failed write, threads of orbax may add files to a folder while it is removed.
_REMOVALS, _PAUSE = 5, 0.1  # attempts, seconds between them


class ShapeMismatch(RunError):
    """A checkpoint is intact, but its arrays are not those of the program."""


class Checkpoints:
    """The checkpoints in one folder, by step."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()

    def steps(self) -> list[int]:
        """Return the steps of all checkpoints, including corrupt ones, in rising order."""
        if self.folder.is_symlink():  # its target is not part of the run and must not be written to
            raise RunError(f"{self.folder} must be a folder of the run, found a link")
        if not self.folder.is_dir():
            return []
        folders = [each for each in self.folder.iterdir() if each.name.isdecimal() and each.is_dir()]
        return sorted(int(each.name) for each in folders if each == self.path(int(each.name)) and not each.is_symlink())

    def path(self, step: int) -> Path:
        return self.folder / f"{step:08d}"

    def save(self, step: int, arrays: Arrays, progress: Mapping[str, Any], exchange: Exchange | None = None) -> None:
        """Write a checkpoint; it is on the disk when this returns.

        Args:
            step: of the state.
            arrays: by name.
            progress: the rest of the state, as values for JSON.
            exchange: with which the blocks of other processes are collected; None if there are no others.

        Raises:
            DiskError: the disk is full or not writable; no incomplete checkpoint remains.
        """
        draft = self._temporary("draft", step)
        with disk_errors(draft):
            try:
                draft.mkdir(parents=True)
                collect = partial(exchange.collect, self.folder, step, arrays) if exchange else None
                _write(draft, arrays, progress, collect)
                _read_back(draft, arrays)
                if self.path(step).exists():
                    self.path(step).rename(self._temporary("removed", step))
                draft.rename(self.path(step))
                for changed in (self.folder, self.folder.parent):
                    sync(changed)
            except Exception:
                self._remove_temporary()
                time.sleep(_PAUSE)  # a thread of orbax may create the folder once more
                raise
            finally:
                self._remove_temporary()

    def load(self, step: int, expected: Shapes | None) -> dict[str, np.ndarray]:
        """Read the arrays of a checkpoint as a whole (see `load_ranges`)."""
        found = self.load_ranges(step, expected, {})
        return {name: each for name, each in found.items() if not isinstance(each, parts.Slab)}

    def load_ranges(self, step: int, expected: Shapes | None, needed: Ranges) -> Restored:
        """Read the arrays of a checkpoint, of those that are stored in blocks only what this process needs.

        Args:
            step: one of `steps()`.
            expected: shape and dtype of each array that the program needs; None: those that the checkpoint declares.
            needed: ranges of arrays of which only these are needed; an array that is stored as a whole is read as such.

        Raises:
            Corrupt: a file is missing, changed or misplaced.
            ShapeMismatch: the checkpoint is intact, but contains other arrays than expected.
        """
        from dlcli.runs import arrays

        folder = self.path(step)
        found = manifest.load(folder)
        wanted = found.arrays if expected is None else manifest.declared(expected)
        if found.arrays != wanted:
            raise ShapeMismatch(f"{folder} {_difference(found.arrays, wanted)}")
        manifest.verify(folder, found)
        stored = arrays.read(folder, {name: each for name, each in wanted.items() if name not in found.split})
        try:
            return {**stored, **parts.read(folder, wanted, found.split, found.files, needed)}
        except (OSError, ValueError) as error:
            raise Corrupt(f"{folder} cannot be read: {error}") from error

    def progress(self, step: int) -> dict[str, Any]:
        """Read `progress.json` of a checkpoint; raise `Corrupt` if it was changed."""
        path = self.path(step) / "progress.json"
        manifest.verify_file(path, manifest.load(self.path(step)).files.get(path.name))
        return manifest.read_file(path)

    def prune(self, keep: set[int]) -> None:
        """Remove all checkpoints except those of the steps `keep`, and what a crash left of others."""
        for step in self.steps():
            if step not in keep:
                # Renamed first: a crash during the removal must not leave half a checkpoint.
                self.path(step).rename(self._temporary("removed", step))
        self._remove_temporary()

    def set_aside(self, steps: Iterable[int]) -> list[Path]:
        """Rename the checkpoints of these steps, so that they are no longer used; remove those set aside before.

        Returns:
            their new paths.
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

    def _temporary(self, why: str, step: int) -> Path:
        # A unique name: what an earlier crash left may not be removable, such as open files on NFS.
        return self.folder / f".{why}-{step:08d}-{secrets.token_hex(4)}"

    def _remove_temporary(self) -> None:
        """Remove incomplete checkpoints, and those whose removal has started."""
        for left in [*self.folder.glob(".draft-*"), *self.folder.glob(".removed-*")]:
            for _ in range(_REMOVALS):
                shutil.rmtree(left, ignore_errors=True)
                if not left.exists():
                    break
                time.sleep(_PAUSE)


def require_space(folder: Path, bytes_each: int, count: int) -> None:
    """Raise `DiskError` if `count` checkpoints do not fit into the free space at `folder`."""
    free, needed = shutil.disk_usage(folder).free, bytes_each * count
    if needed > free:
        raise DiskError(
            f"{count} checkpoints of {size_text(bytes_each)} need {size_text(needed)},"
            f" found {size_text(free)} free at {folder}",
            hint="choose another folder with --out, or keep fewer with --keep",
        )


def _write(draft: Path, arrays: Arrays, progress: Mapping[str, Any], collect: Callable[[Path], Seals] | None) -> None:
    """Write all files of a checkpoint and wait until they are on the disk."""
    from dlcli.runs.arrays import write

    write(draft, whole(arrays))
    seals = parts.write(draft, arrays)
    if collect is not None:
        seals |= collect(draft)
    (draft / "progress.json").write_text(as_json(progress))
    (draft / "manifest.json").write_text(manifest.describe(draft, arrays, seals).to_json())
    for name in manifest.plain_files(draft):
        sync(draft / name)
    for here, _, _ in os.walk(draft):
        sync(Path(here))


def _read_back(draft: Path, arrays: Arrays) -> None:
    """Read the manifest and the index of the arrays as `load` would; raise `DiskError` if that fails."""
    from dlcli.runs.arrays import check

    wanted = manifest.declared(arrays)
    try:
        if manifest.load(draft).arrays != wanted:
            raise Corrupt(f"{draft / 'manifest.json'} names other arrays than were written")
        check(draft, {name: each for name, each in wanted.items() if name not in split(arrays)})
    except Corrupt as error:
        raise DiskError(f"the checkpoint was written, but cannot be read back: {error}") from error


def _difference(found: Declared, wanted: Declared) -> str:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            return f"lacks {name}, which these options need"
        if name not in wanted:
            return f"has {name}, which these options do not have"
        if found[name] != wanted[name]:
            (shape, dtype), (want, kind) = found[name], wanted[name]
            return f"has {name} as {dtype}{list(shape)}, but these options need {kind}{list(want)}"
    return ""
