"""The two streams: standard output carries results, standard error carries progress."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from dlcli import activity
from dlcli.cli import streams
from dlcli.files import as_json
from dlcli.interrupts import SIGNALS

_PIPE_WIDTH = 160  # columns; a file has no width of its own, and a table must not be cut
# Characters that control a terminal or reorder its text: C0 and C1 controls except tab and line end, DEL, the marks of
# bidirectional text, line and paragraph separators, and lone surrogates, which encode bytes that are not UTF-8.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_silent = False
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def out() -> Console:
    """Return the console of results."""
    console = _console(stderr=False)
    console.quiet = _silent
    return console


def err(*, always: bool = False) -> Console:
    """Return the console of progress and errors; it prints nothing in a silent process, unless `always`."""
    console = _console(stderr=True)
    console.quiet = _silent and not always
    return console


def silence() -> None:
    """Print nothing from now on, except what ends the program: another process of the run prints."""
    global _silent
    _silent = True


def is_silent() -> bool:
    """Return whether another process of the run prints."""
    return _silent


def is_interactive() -> bool:
    """Return whether a question can be put to the user: there is a terminal to write to and to read from."""
    return sys.stdin is not None and sys.stdin.isatty() and err().is_terminal


def canvas() -> tuple[int, bool]:
    """Return the width of pictures on standard output, and whether they may have colours."""
    console = out()
    return (min(console.width, 120), True) if console.is_terminal and console.color_system else (80, False)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of standard output; characters that are not Unicode become U+FFFD."""
    if _silent:
        return
    SIGNALS.as_json = False
    sys.stdout.write(as_json(_unicode(value)) + "\n")
    sys.stdout.flush()


def print_blocks(rest: dict[str, Any], blocks: Iterable[list[Any]], name: str = "tokens") -> None:
    """Print a JSON object like `print_json`, whose list `name`, empty in `rest`, is written block by block."""
    # Quotes inside a string are escaped, so that only the list itself matches.
    SIGNALS.as_json = False
    before, begin, after = as_json(_unicode(rest)).partition(f'"{name}": [')
    sys.stdout.write(before + begin)
    for number, block in enumerate(blocks):
        sys.stdout.write((", " if number else "") + as_json(_unicode(block))[1:-1])
    sys.stdout.write(after + "\n")
    sys.stdout.flush()


def write(text: object, end: str = "\n") -> None:
    """Write a text to standard output and flush; only control characters are replaced by visible escapes."""
    if _silent:
        return
    sys.stdout.write(visible(str(text)) + end)
    sys.stdout.flush()


def visible(text: str) -> str:
    r"""Return `text` with control characters as Python escapes: "\x1b", "\u202e"."""
    return _CONTROL.sub(_notation, text.replace("\r\n", "\n"))


def plain(text: object) -> str:
    """Return a text on one line, escaped for markup: a file or a class may be called "[b]"."""
    return escape(visible(str(text)).replace("\n", "\\n"))


def show_messages() -> None:
    """Print dlcli's notices and log messages as one line each on standard error, and none of the libraries'."""
    from dlcli.notices import Notice

    _silence_threads()

    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, Notice) and str(message) not in shown:
            shown.add(str(message))  # data that is opened twice repeats its notices
            err().print(f"[yellow]note:[/] {plain(message)}", highlight=False, soft_wrap=True)

    warnings.showwarning = show
    warnings.simplefilter("always", Notice)
    # Without a root handler, logging adds one that prints every message of matplotlib, orbax and absl.
    logging.getLogger().addHandler(logging.NullHandler())
    for name in ("absl", "orbax", "jax", "matplotlib"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logger = logging.getLogger("dlcli")
    logger.handlers, logger.propagate = [_Lines()], False
    logger.setLevel(logging.INFO)


def _silence_threads() -> None:
    """Suppress messages of tensorstore's threads after a failed read or write of a checkpoint.

    Orbax has closed its event loop by then, and each thread prints that it cannot report to it; dlcli's own message
    has the cause.
    """
    default = sys.unraisablehook
    if default.__module__ == __name__:
        return

    def hook(of: Any) -> None:
        if not (isinstance(of.exc_value, RuntimeError) and str(of.exc_value) == "Event loop is closed"):
            default(of)

    sys.unraisablehook = hook


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not activity.report(message):  # a live line shows it already
            err().print(f"[dim]{plain(message)}[/]", soft_wrap=True)


class _Safe(Console):
    """A console that escapes control characters in all text; its own styles work."""

    def on_broken_pipe(self) -> None:
        """Continue silently if nothing reads standard error; end the program if nothing reads standard output."""
        if not self.stderr:
            raise BrokenPipeError  # rich would exit with 1
        streams.close(sys.stderr)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or not _CONTROL.search(segment.text):
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Safe(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)


def _notation(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _unicode(value: Any) -> Any:
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case dict():
            return {_unicode(name): _unicode(each) for name, each in value.items()}
        case list() | tuple():
            return [_unicode(each) for each in value]
    return value
