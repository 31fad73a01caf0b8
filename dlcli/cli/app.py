"""The command tree, and how the program ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Collection
from typing import Annotated, Any, NoReturn

import typer

from dlcli import __version__, interrupts
from dlcli.cli import console, failure, several, streams, verbs
from dlcli.cli.typer_commands import Command, Group
from dlcli.errors import DeviceError, DiskError, UserError

# Errors of writing to a stream: its disk is full, it is closed, or its terminal is gone.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO)
SETTINGS = {"help_option_names": ["-h", "--help"]}


def build(words: Collection[str] | None = None) -> typer.Typer:
    """Return the command tree; nothing here loads jax or numpy.

    Args:
        words: of the command line; a verb or subject that is not among them gets its name and summary only, since
            options take most of the time. None builds everything.
    """
    app = typer.Typer(
        name="dlcli",
        cls=_InOrder,
        help=(
            "A deep-learning laboratory for the terminal.\n\n"
            "Start with [bold]dlcli train cnn[/], then [bold]dlcli eval cnn[/] and [bold]dlcli viz confusion[/]."
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
    )
    app.callback()(_version_option)
    for verb in verbs.names():
        if words is None or verb in words:
            _add(app, verb, words)
        else:
            app.command(verb, help=verbs.summary(verb))(lambda: None)
    return app


def main() -> NoReturn:
    """Run the program and exit: user errors as one line, or as JSON; bugs with a traceback."""
    streams.prepare()
    console.show_messages()
    try:
        code = _run()
    except OSError as error:  # a standard stream cannot be written to
        if error.errno not in _UNWRITABLE:
            raise
        code = _without_streams(error)
    several.finish(code or 0)
    if code and code in interrupts.CODES.values() and "jax" in sys.modules:
        interrupts.exit_now(code)  # an XLA function may still be running, and a normal exit could crash
    sys.exit(code or 0)


def _run() -> int | None:
    try:
        several.begin(sys.argv[1:])
        # For completion, the shell passes the words of its command line in a variable.
        code: int | None = build([*sys.argv[1:], *os.environ.get("COMP_WORDS", "").split()])(standalone_mode=False)
        sys.stdout.flush()
        return code
    except UserError as error:
        return failure.report(error.kind, str(error), error.hint, error.exit_code, error)
    except typer.TyperException as error:
        return failure.report("usage", error.format_message(), "", error.exit_code, error)
    except (KeyboardInterrupt, typer.Abort):
        return interrupts.CODES["SIGINT"]
    except (BrokenPipeError, SystemExit):  # Typer turns the first into the second
        streams.close(sys.stdout)  # the reader of the output is gone
        return 0
    except Exception as error:
        if known := _user_error(error):
            return failure.report(known.kind, str(known), known.hint, known.exit_code, error)
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            raise
        hint = "this is a bug in dlcli; --debug shows where"
        return failure.report("bug", f"{type(error).__name__}: {error}", hint, 1, error)


def _user_error(error: Exception) -> UserError | None:
    """Return the user error behind a library's error; None for a bug."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        hint = "reduce --batch-size, --count or the size of the model"
        return DeviceError(": ".join(["out of memory", *str(error).splitlines()[:1]]), hint=hint)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return DiskError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror.lower()}")
    return None


def _without_streams(error: OSError) -> int:
    """Report on the other standard stream that one cannot be written to."""
    with contextlib.suppress(OSError):
        print(f"error: cannot write the output: {os.strerror(error.errno or 0).lower()}", file=sys.stderr, flush=True)
    streams.close(sys.stdout, sys.stderr)
    return DiskError.exit_code


def _print_version(wanted: bool | None) -> None:
    if wanted:
        console.write(__version__)
        raise typer.Exit()


def _version_option(
    version: Annotated[
        bool | None,
        typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True, callback=_print_version),
    ] = None,
) -> None:
    """`--version` does its work in its callback."""


class _InOrder(Group):
    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in verbs.names() if verb in self.commands]


def _add(app: typer.Typer, verb: str, words: Collection[str] | None) -> None:
    group = typer.Typer(cls=Group, no_args_is_help=True, context_settings=SETTINGS, rich_markup_mode="rich")
    subjects = False
    for each in verbs.commands(verb):
        subjects = bool(each.name)
        add_to, name, summary = (group, each.name, each.help) if subjects else (app, verb, verbs.summary(verb))
        if subjects and words is not None and name not in words:
            group.command(name, help=summary)(lambda: None)
        else:
            callback, epilog = each.build()
            add_to.command(name, help=summary, cls=Command, context_settings=SETTINGS, epilog=epilog)(callback)
    if subjects:
        app.add_typer(group, name=verb, help=verbs.summary(verb))
