"""Folders of new runs: which names are free, and how one process takes one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlcli.errors import RunError, UsageError
from dlcli.files import UNFINISHED, disk_errors, is_stray
from dlcli.formats import command_line
from dlcli.options.common import DirectOptions, FitOptions, RunFolderOptions
from dlcli.paths import nearest_existing, runs_folder
from dlcli.runs.folder import is_unfinished
from dlcli.runs.writer import RunWriter

_MAX_DATASET = 40  # characters of a data set in the name of a run; file names have at most 255 bytes


def require_free(options: RunFolderOptions) -> None:
    """Raise `UsageError` if the folder that `--out` or `--name` sets is in use."""
    if options.out:
        require_empty(options.out)
    elif options.name:
        _require_unused_name(runs_folder() / options.name, options.name)


def require_empty(folder: Path) -> None:
    """Raise `UsageError` if `folder` exists and contains anything but what a start that was killed left there."""
    if not _is_free(folder):
        is_run = folder.is_dir() and (folder / "options.json").exists()
        hint = (
            f"{command_line('resume', folder)} continues it; another --out starts a new run"
            if is_run
            else "choose another --out"
        )
        raise UsageError(f"--out {folder} must be a new or empty folder, found one that is in use", hint=hint)
    above = nearest_existing(folder)
    if not above.is_dir():
        raise UsageError(f"--out {folder} must be inside a folder, but {above} is a file")


def folder_for(technique: str, options: FitOptions | DirectOptions) -> Path:
    """Return the folder that a run started now gets; it is not created, so another run may take it."""
    if options.out or options.name:
        return options.out or runs_folder() / str(options.name)
    return next(folder for folder in _candidates(technique, options.dataset) if not folder.exists())


@contextmanager
def started(technique: str, options: FitOptions | DirectOptions) -> Iterator[RunWriter]:
    """Create and lock the folder of a new run, and remove it if the block fails.

    A folder that `RunWriter.create` has filled is kept, even if the block fails later.

    Raises:
        UsageError: another run uses the folder.
        DiskError: it cannot be created.
    """
    folder, made = _taken(technique, options)
    with RunWriter(folder) as run:
        try:
            run.lock()
        except RunError as error:
            raise UsageError(f"--out {folder} must be unused, but another run is starting in it") from error
        if not _is_free(folder):  # the other run was faster, and may have ended
            require_empty(folder)
        try:
            yield run
        except BaseException:
            if not (folder / "options.json").exists():
                run.discard(folder=made)
            raise


def _taken(technique: str, options: FitOptions | DirectOptions) -> tuple[Path, bool]:
    """Return the folder, and whether it was created now."""
    if options.out or options.name:
        require_free(options)
        folder = folder_for(technique, options)
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                require_free(options)
                return folder, False
        return folder, True
    for folder in _candidates(technique, options.dataset):
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except NotADirectoryError as error:
                raise UsageError(f"{runs_folder()} must be a folder, found a file", hint="set DLCLI_RUNS") from error
        return folder, True
    raise AssertionError("the candidates are endless")


def _candidates(technique: str, dataset: str) -> Iterator[Path]:
    """Yield folders under `runs/` named after the technique, the data set and the current time."""
    last = dataset.split(":")[-1].rstrip("/").split("/")[-1].split(".")[0]
    data = "".join(c if c.isalnum() else "-" for c in last)[:_MAX_DATASET]
    name = f"{technique}-{data or 'data'}-{time.strftime('%Y%m%d-%H%M%S')}"
    yield runs_folder() / name
    for number in itertools.count(2):
        yield runs_folder() / f"{name}-{number}"


def _is_free(folder: Path) -> bool:
    if folder.is_symlink() and not folder.exists():
        return False
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    names = {each.name for each in folder.iterdir()}
    held = {name for name in names if not is_stray(name) and not (name[:1] == "." and name.endswith(UNFINISHED))}
    return not held or is_unfinished(folder, held)


def _require_unused_name(folder: Path, name: str) -> None:
    if folder.is_symlink() or folder.exists():
        hint = f"{command_line('runs', 'show', name)} shows it; `dlcli runs rename` renames it"
        raise UsageError(f"--name {name} must be unused, found {folder}", hint=hint)
