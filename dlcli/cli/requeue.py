"""`dlcli train … --resume-if-exists`: the same command starts a run and, in a job that is run again, continues it."""

from __future__ import annotations

from pathlib import Path

from dlcli import processes, techniques
from dlcli.cli import console, progress, several
from dlcli.cli.typer_options import Call
from dlcli.errors import RunError, UsageError
from dlcli.formats import command_line
from dlcli.interrupts import handled
from dlcli.options.common import AUTO, FitOptions
from dlcli.options.fields import flag
from dlcli.paths import runs_folder
from dlcli.runs.folder import RunFolder, technique_of
from dlcli.runs.info import Outcome

_FINISHED = ("steps", "patience")


def existing(technique: str, options: FitOptions, call: Call) -> Path | None:
    """Return the folder of the run to continue; None if the folder holds no run.

    Raises:
        UsageError: no folder is named, or an option differs from the one the run was started with.
        RunError: the folder holds a run of another technique.
    """
    if not (options.out or options.name):
        raise UsageError("--resume-if-exists needs --out or --name, the folder to look in")
    folder = options.out or runs_folder() / str(options.name)
    there = (folder / "options.json").exists()
    if processes.found().several:
        there = _in_process_0(options, there)
    if not there:
        return None
    if (found := technique_of(folder)) != technique:
        raise RunError(f"{folder} holds a run of {found}, not of {technique}")
    _require_same(folder, options, call)
    return folder


def resume(technique: str, folder: Path, call: Call) -> None:
    """Continue a run; one that is finished stays as it is."""
    ended = RunFolder(folder).info().ended
    if ended is not None and ended.reason in _FINISHED:
        return _stay(folder, ended, call)
    with progress.importing():
        from dlcli import engine
    several.connect()
    learner = techniques.learner(technique)
    with handled() as signals:
        done = progress.show(engine.resume(learner, folder, {}, lambda at: signals.caught), signals)
        progress.finish(done, technique, call)


def _stay(folder: Path, ended: Outcome, call: Call) -> None:
    if call.json:
        console.print_json({"run": str(folder), **ended.model_dump()})
    console.err().print(f"{console.plain(folder)} is finished: {progress.REASONS[ended.reason]}", soft_wrap=True)


def _require_same(folder: Path, options: FitOptions, call: Call) -> None:
    """Raise `UsageError` if an option of the command line or its file is not that of the run."""
    given = {name for name, origin in call.origins.items() if origin != "default"} - {"out", "name", "epochs"}
    now, before = options.model_dump(mode="json"), RunFolder(folder).raw("options.json")
    for name in sorted(given & before.keys()):
        if name == "learning_rate" and now[name] == AUTO and "range_test" in RunFolder(folder).raw("run.json"):
            continue  # the run has the rate that its range test has chosen
        if now[name] != before[name]:
            change = command_line("resume", folder, flag(name), now[name])
            raise UsageError(
                f"{flag(name)} is {before[name]} in the run at {folder}, got {now[name]}",
                hint=f"{change} changes it",
            )


def _in_process_0(options: FitOptions, there: bool) -> bool:
    """Return whether process 0 has found a run, which it may have created by now."""
    with progress.importing():
        from dlcli.engine import devices, group
    several.connect()
    devices.prepare(options.device, join=True)
    return group.current().agreed("yes" if there else "") == "yes"
