"""Where an export is written: a file, or a folder of files, complete or absent."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from dlcli.errors import DiskError, UsageError
from dlcli.files import UNFINISHED, atomic_write, disk_errors, sync
from dlcli.paths import nearest_existing


def check(out: Path, *, folder: bool, overwrite: bool) -> None:
    """Raise an error if the export cannot be written to `out`.

    Args:
        out: file or folder.
        folder: whether the export is a folder.
        overwrite: whether existing files may be replaced.

    Raises:
        UsageError: something else is there.
        DiskError: the folder above is not writable.
    """
    if folder and os.path.lexists(out) and not out.is_dir():
        raise UsageError(f"--out {out} must be a folder, found a file")
    if not folder and out.is_dir():
        raise UsageError(f"--out {out} must be a file, found a folder")
    above = nearest_existing(out.absolute().parent)
    if not above.is_dir():
        raise UsageError(f"--out {out} must be inside a folder, but {above} is a file")
    if not os.access(above, os.W_OK | os.X_OK):
        raise DiskError(f"cannot write {out}: {above} is not writable")
    in_use = any(out.iterdir()) if folder and out.is_dir() else os.path.lexists(out)
    if in_use and not overwrite:
        raise UsageError(f"--out {out} already exists", hint="--overwrite replaces it")


def write_file(path: Path, content: bytes) -> list[Path]:
    """Write a file, and return its path in a list; create the folders above it.

    Raises:
        DiskError: the disk is full or not writable.
    """
    create_parents(path)
    with atomic_write(path) as file:
        file.write(content)
    return [path]


def create_parents(path: Path) -> None:
    """Create the folders above a path; raise `DiskError` if the disk is full or not writable."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write the files of a folder, and return their paths; a new folder appears complete or not at all.

    In a folder that exists, files of these names are replaced one by one, and others stay.

    Raises:
        DiskError: the disk is full or not writable.
    """
    if folder.is_dir() and any(folder.iterdir()):
        for name, content in files.items():
            write_file(folder / name, content)
    else:
        _write_new(folder, files)
    return [folder / name for name in files]


def _write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    draft = folder.absolute().with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    with disk_errors(folder):
        try:
            draft.mkdir(parents=True)
            for name, content in files.items():
                write_file(draft / name, content)
            draft.replace(folder.absolute())  # an empty folder is replaced too
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        sync(folder.absolute().parent)
