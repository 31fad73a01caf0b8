"""What a command does in one of several processes (see `dlcli.processes`).

`train`, `resume` and `doctor` run in all of them, and process 0 writes to the terminal. All other commands run in
process 0 alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from dlcli import processes
from dlcli.cli import console
from dlcli.errors import UserError
from dlcli.interrupts import CODES, SIGNALS, exit_now

_TOGETHER = ("train", "resume", "doctor")


def begin(arguments: Sequence[str]) -> None:
    """Decide what this process does.

    Args:
        arguments: of the command line.

    Raises:
        UsageError: the variables that describe the processes are not valid.
    """
    verb = next((each for each in arguments if not each.startswith("-")), "")
    if verb not in _TOGETHER or {"--help", "-h", "--help-all"} & set(arguments):
        _alone(processes.found().follows)
    elif processes.found().follows:
        console.silence()


def train_alone() -> None:
    """Let process 0 alone train a technique that takes no gradient steps."""
    _alone(processes.found().follows)


def connect() -> None:
    """Prepare what happens if another process fails or is lost; to be called before the engine opens a run."""
    from dlcli.engine import group

    group.current().report = _report
    SIGNALS.before_exit = lambda code: group.current().fail(code, "interrupted")


def reports(code: int, message: str) -> bool:
    """Let the other processes end too; return whether this one prints its error, which process 0 may do instead."""
    group = _group()
    if group is None or not console.is_silent():
        return True
    group.fail(code, message)
    return not group.reported


def failed(code: int, message: str) -> None:
    """Let the other processes end like this one."""
    if group := _group():
        group.fail(code, message)


def prefix() -> str:
    """Return the number of this process for its messages; "" in process 0."""
    return f"process {processes.found().index}: " if console.is_silent() else ""


def finish(code: int) -> None:
    """End the process together with the others, if there are any."""
    if group := _group():
        if code in (0, *CODES.values()):
            group.leave(code)
        exit_now(code)


def _alone(follows: bool) -> None:
    if follows:
        exit_now(0)
    processes.ignore()


def _group() -> Any:
    """Return the connected processes; None if this one is alone."""
    if "dlcli.engine.group" not in sys.modules:
        return None
    from dlcli.engine import group

    return group.current() if group.current().count > 1 else None


def _report(error: UserError) -> None:
    """Print an error in a thread that ends the process."""
    if os.isatty(2) and os.environ.get("TERM") != "dumb":
        console.err(always=True).file.write("\r\x1b[2K\x1b[?25h")  # a progress display may have left an unfinished line
    if "--json" in sys.argv and not console.is_silent():
        console.print_json({"error": {"kind": error.kind, "message": str(error), "hint": error.hint}})
    err = console.err(always=True)
    err.print(f"[bold red]error:[/] {prefix()}{console.plain(error)}", soft_wrap=True)
    if error.hint and not console.is_silent():
        err.print(f"[cyan]hint:[/] {console.plain(error.hint)}", soft_wrap=True)
