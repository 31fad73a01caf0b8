"""Folders of new runs: which are free, and how one process takes one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlcli.errors import RunError, UsageError
from dlcli.files import UNFINISHED, disk_errors, is_stray
from dlcli.options.common import DirectOptions, FitOptions, RunFolderOptions
from dlcli.paths import runs_folder
from dlcli.runs.folders import command, is_unfinished
from dlcli.runs.run import Run

_LONGEST = 40  # characters of a data set in the name of a run; names have at most 255 bytes


def refuse_taken(options: RunFolderOptions) -> None:
    """Raise `UsageError` where the folder that `--out` or `--name` asks for cannot be that of a new run."""
    if options.out:
        refuse_used(options.out)
    elif options.name:
        _refuse_name(runs_folder() / options.name, options.name)


def refuse_used(folder: Path) -> None:
    """Raise `UsageError` where `folder` exists and holds anything but what a killed start left there."""
    if not _is_free(folder):
        is_run = folder.is_dir() and (folder / "options.json").exists()
        hint = (
            f"{command('resume', folder)} continues it; another --out starts a new run"
            if is_run
            else "choose another --out"
        )
        raise UsageError(f"--out {folder} must be a new or empty folder, found one that is in use", hint=hint)
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise UsageError(f"--out {folder} must lie in a folder, but {above} is a file")


def expected(technique: str, options: FitOptions | DirectOptions) -> Path:
    """Return the folder that a run begun now would have; nothing is made, so that another run may take it."""
    if options.out or options.name:
        return options.out or runs_folder() / str(options.name)
    return next(folder for folder in _candidates(technique, options.dataset) if not folder.exists())


@contextmanager
def begun(technique: str, options: FitOptions | DirectOptions) -> Iterator[Run]:
    """Make the folder of a new run, keep it from other processes, and remove it where the block fails.

    A folder that `Run.create` has filled is kept, whatever happens later.

    Raises:
        UsageError: another run has the folder.
        DiskError: it cannot be made.
    """
    folder, made = _taken(technique, options)
    with Run(folder) as run:
        try:
            run.claim()
        except RunError as error:
            raise UsageError(f"--out {folder} must be a folder of its own, another run begins in it") from error
        if not _is_free(folder):  # the other run was faster, and may have ended
            refuse_used(folder)
        try:
            yield run
        except BaseException:
            if not (folder / "options.json").exists():
                run.discard(folder=made)
            raise


def _taken(technique: str, options: FitOptions | DirectOptions) -> tuple[Path, bool]:
    """Return the folder, and whether it was made now."""
    if options.out or options.name:
        refuse_taken(options)
        folder = expected(technique, options)
        with disk_errors(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                refuse_taken(options)
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
    raise AssertionError("candidates have no end")


def _candidates(technique: str, dataset: str) -> Iterator[Path]:
    """Yield folders under `runs/` named for technique, data and time, which is now."""
    last = dataset.split(":")[-1].rstrip("/").split("/")[-1].split(".")[0]
    data = "".join(c if c.isalnum() else "-" for c in last)[:_LONGEST]
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


def _refuse_name(folder: Path, name: str) -> None:
    if folder.is_symlink() or folder.exists():
        hint = f"{command('runs', 'show', name)} shows it; `dlcli runs rename` gives it another name"
        raise UsageError(f"--name {name} must be the name of no other run, found {folder}", hint=hint)
