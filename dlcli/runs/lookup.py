"""From the RUN of a command to a run folder: a path, the name of a run under `runs/`, or a technique's latest run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dlcli.errors import RunError
from dlcli.nearest import did_you_mean
from dlcli.notices import warn
from dlcli.paths import runs_folder
from dlcli.runs.folder import RunFolder, technique_of


def find(name: str, technique: str | tuple[str, ...] = "", purpose: str = "this") -> Path:
    """Return the folder of a run.

    Args:
        name: a path, the name of a run under `runs/`, or a technique's name for its latest run;
            empty: the latest run of `technique`.
        technique: the technique that the run must have, or several to choose from; empty: any.
        purpose: what needs the run, for the message about a run of another technique.

    Raises:
        RunError: there is no such run, it has another technique, or its folder has another format version.
    """
    allowed = (technique,) if isinstance(technique, str) else technique
    for folder in (Path(name), runs_folder() / name) if name else ():
        if os.path.exists(folder / "options.json"):  # unlike Path.exists it accepts any name
            return _checked(folder, allowed, purpose)
    wanted = (name,) if name else allowed
    latest = _latest([folder for each in wanted for folder in list_runs(each)])
    if latest is None:
        raise _not_found(name, allowed)
    return _checked(latest, allowed, purpose)


def list_runs(technique: str = "") -> list[Path]:
    """Return the folders of the runs under `runs/`, of one technique or of all, the latest last."""
    folders = [path.parent for path in runs_folder().glob("*/options.json")]
    found = [folder for folder in folders if not technique or _has_technique(folder, technique)]
    return sorted(found, key=lambda folder: (_started_at(folder), folder.name))


def shown_name(folder: Path) -> str:
    """Return the name by which commands find a run: that of its folder under `runs/`, else its path."""
    return folder.name if folder.parent == runs_folder() else str(folder)


def _checked(folder: Path, allowed: tuple[str, ...], purpose: str) -> Path:
    """Return the folder if this version reads its format and its technique is allowed; raise `RunError` otherwise."""
    if allowed != ("",) and (found := technique_of(folder)) not in allowed:
        there = any(list_runs(each) for each in allowed)
        hint = f"dlcli runs list --technique {allowed[0]} shows the runs of it" if there else _train_first(allowed)
        raise RunError(f"{folder} is a run of {found}; {purpose} needs a run of {' or '.join(allowed)}", hint=hint)
    if os.path.lexists(folder / "run.json"):
        RunFolder(folder).require_format()
    return folder


def _train_first(allowed: tuple[str, ...]) -> str:
    if not allowed[0]:
        return f"there is no run under {runs_folder()} yet; dlcli train --help lists what can be trained"
    return f"train one first: dlcli train {allowed[0].replace('_', '-')}"


def _not_found(name: str, allowed: tuple[str, ...]) -> RunError:
    """Return the error for a run that does not exist, with a command that trains one or lists the others."""
    there = [folder.name for each in allowed for folder in list_runs(each)]
    if there and name:
        of = f"of {' and '.join(allowed)} " if allowed[0] else ""
        hint = f"dlcli runs list shows all runs, the latest {of}are {', '.join(there[-3:])}"
    else:
        hint = _train_first(allowed)
    wanted = name or " or ".join(allowed)
    places = f"a run folder, a run under {runs_folder()} or a technique with one"
    return RunError(f"RUN must be {places}, found none for {wanted!r}{did_you_mean(name, there)}", hint=hint)


def _latest(folders: Sequence[Path]) -> Path | None:
    """Return the run that was trained last; one without a checkpoint only if no run has one."""
    newest = sorted(folders, key=_started_at, reverse=True)
    found = next((folder for folder in newest if RunFolder(folder).has_model()), None)
    if found is None:
        return newest[0] if newest else None
    if found != newest[0]:
        warn(f"{newest[0]} has no checkpoint; using {found}, the latest run that has one")
    return found


def _started_at(folder: Path) -> float:
    """Return when training was last started or resumed; the folder's own time changes with each figure saved in it."""
    try:
        return (folder / "options.json").stat().st_mtime
    except OSError:
        return 0.0


def _has_technique(folder: Path, technique: str) -> bool:
    try:
        return technique_of(folder) == technique
    except RunError:  # one corrupt folder must not hide the others
        return False
