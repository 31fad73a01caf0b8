"""Commands that read a trained run: which run it is, and whether their options do anything with it."""

from __future__ import annotations

from pathlib import Path

from dlcli import techniques
from dlcli.cli.typer_options import Call
from dlcli.errors import RunError, UsageError
from dlcli.options.fields import Options, idle_rule
from dlcli.runs.folder import RunFolder
from dlcli.runs.lookup import find


def run_of(name: str, technique: str | tuple[str, ...], purpose: str, options: Options, call: Call) -> Path:
    """Return the folder of the run that a command reads.

    Args:
        name: of the run, as `folders.find` takes it.
        technique: what the run must be of.
        purpose: the command, such as "viz attention".
        options: of the command.
        call: how it was called.

    Raises:
        RunError: there is no such run.
        UsageError: an option on the command line does nothing with this run.
    """
    folder = find(name, technique, purpose)
    refuse_idle(options, call, folder)
    return folder


def any_run(name: str) -> Path:
    """Return the folder of a run of any technique; raise `RunError` that names the command which makes one."""
    try:
        return find(name)
    except RunError as error:
        if name.replace("-", "_") in techniques.names():
            error.hint = f"train one first: dlcli train {name}"
        raise


def refuse_idle(options: Options, call: Call, folder: Path) -> None:
    """Raise `UsageError` where an option that was given does nothing with this run."""
    trained = RunFolder(folder).raw("options.json")
    for name, value in call.given.items():
        rule = idle_rule(type(options), name, trained, of_run=True) if name in type(options).model_fields else None
        if rule is not None and value is not False:
            raise UsageError(rule.said(name, value, trained))
