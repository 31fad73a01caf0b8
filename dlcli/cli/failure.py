"""Reports the error that ends the program: one line and a hint, and an object with `--json`."""

from __future__ import annotations

import os
import sys
import traceback

from rich.text import Text

from dlcli.cli import console, several
from dlcli.errors import UserError


def report(kind: str, message: str, hint: str, code: int, error: BaseException) -> int:
    """Print an error, and return the exit code.

    Args:
        kind: of the error, for JSON.
        message: empty if the help has been shown.
        hint: how to solve the problem; may be empty.
        code: exit code.
        error: the exception; `--debug` shows its traceback.
    """
    if not several.reports(code, message):
        return code
    if "--debug" in sys.argv or os.environ.get("DLCLI_DEBUG") == "1":
        console.err().print(Text("".join(traceback.format_exception(error))), soft_wrap=True)
    if "--json" in sys.argv and not (isinstance(error, UserError) and error.reported):
        console.print_json({"error": {"kind": kind, "message": message, "hint": hint}})
    if not message:  # the help has been shown
        return code
    err = console.err(always=True)
    err.print(f"[bold red]error:[/] {several.prefix()}{console.plain(message)}", soft_wrap=True)
    if hint and not console.is_silent():
        err.print(f"[cyan]hint:[/] {console.plain(hint)}", soft_wrap=True)
    several.failed(code, message)
    return code
