"""The two streams: standard output carries results, standard error carries progress."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

from rich.console import Console
from rich.markup import escape

from dlcli.files import as_json

_PIPE_WIDTH = 160  # columns; a file has no width of its own, and a table must not be cut


def out() -> Console:
    """Return the console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of progress and errors."""
    return _console(stderr=True)


def canvas() -> tuple[int, bool]:
    """Return the width for pictures on standard output, and whether they may use colours."""
    console = out()
    return (min(console.width, 120), True) if console.is_terminal and console.color_system else (80, False)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of standard output."""
    sys.stdout.write(as_json(value) + "\n")
    sys.stdout.flush()


def plain(text: object) -> str:
    """Return a text that stands for itself within markup: a file or a class may be called "[b]"."""
    return escape(str(text))


def show_messages() -> None:
    """Print our own warnings and log as one line each on standard error; leave the libraries' out."""
    from dlcli.warnings import Notice

    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, Notice) and str(message) not in said:
            said.add(str(message))  # data that are opened twice have the same to say
            err().print(f"[yellow]note:[/] {plain(message)}", highlight=False, soft_wrap=True)

    warnings.showwarning = show
    warnings.simplefilter("always", Notice)
    logger = logging.getLogger("dlcli")
    logger.handlers, logger.propagate = [_Lines()], False
    logger.setLevel(logging.INFO)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        err().print(f"[dim]{plain(record.getMessage())}[/]", soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)
