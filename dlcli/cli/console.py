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

_PIPE_WIDTH = 160  # columns; a file has no width of its own, and a table must not be cut
# What steers a terminal or turns its text around: C0 and C1 controls but for tab and line end, DEL, the marks of
# bidirectional text, line and paragraph separators, and lone surrogates, which stand for bytes that are not UTF-8.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")


def out() -> Console:
    """Return the console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of progress and errors."""
    return _console(stderr=True)


def asks() -> bool:
    """Tell whether there is a user to ask: a terminal to write to and to read from."""
    return sys.stdin is not None and sys.stdin.isatty() and err().is_terminal


def canvas() -> tuple[int, bool]:
    """Return the width for pictures on standard output, and whether they may use colours."""
    console = out()
    return (min(console.width, 120), True) if console.is_terminal and console.color_system else (80, False)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of standard output; what no Unicode text can hold becomes U+FFFD."""
    sys.stdout.write(as_json(_unicode(value)) + "\n")
    sys.stdout.flush()


def print_blocks(rest: dict[str, Any], blocks: Iterable[list[Any]], name: str = "tokens") -> None:
    """Print a JSON object as `print_json` does, whose list `name`, empty in `rest`, comes in blocks."""
    # Within a string, quotes are escaped: what stands there cannot be taken for the list.
    before, begin, after = as_json(_unicode(rest)).partition(f'"{name}": [')
    sys.stdout.write(before + begin)
    for number, block in enumerate(blocks):
        sys.stdout.write((", " if number else "") + as_json(_unicode(block))[1:-1])
    sys.stdout.write(after + "\n")
    sys.stdout.flush()


def write(text: object, end: str = "\n") -> None:
    """Write a text to standard output as it is, at once; only what would steer a terminal is made visible."""
    sys.stdout.write(visible(str(text)) + end)
    sys.stdout.flush()


def visible(text: str) -> str:
    r"""Return `text` with the characters that a terminal would obey in the notation of Python: "\x1b", "\u202e"."""
    return _UNSEEN.sub(_notation, text.replace("\r\n", "\n"))


def plain(text: object) -> str:
    """Return a text that stands for itself within markup, on one line: a file or a class may be called "[b]"."""
    return escape(visible(str(text)).replace("\n", "\\n"))


def show_messages() -> None:
    """Print our own warnings and log as one line each on standard error; leave the libraries' out."""
    from dlcli.notices import Notice

    _silence_threads()

    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, Notice) and str(message) not in said:
            said.add(str(message))  # data that are opened twice have the same to say
            err().print(f"[yellow]note:[/] {plain(message)}", highlight=False, soft_wrap=True)

    warnings.showwarning = show
    warnings.simplefilter("always", Notice)
    # Whoever logs where the root has no handler gets one that prints; matplotlib, orbax and absl have a lot to say.
    logging.getLogger().addHandler(logging.NullHandler())
    for name in ("absl", "orbax", "jax", "matplotlib"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logger = logging.getLogger("dlcli")
    logger.handlers, logger.propagate = [_Lines()], False
    logger.setLevel(logging.INFO)


def _silence_threads() -> None:
    """Leave out what tensorstore's threads say where reading or writing a checkpoint fails.

    Orbax closes its event loop then, and each thread says that it cannot report to it; our own line says what failed.
    """
    usual = sys.unraisablehook
    if usual.__module__ == __name__:
        return

    def hook(of: Any) -> None:
        if not (isinstance(of.exc_value, RuntimeError) and str(of.exc_value) == "Event loop is closed"):
            usual(of)

    sys.unraisablehook = hook


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not activity.report(message):  # a line that ticks says it already
            err().print(f"[dim]{plain(message)}[/]", soft_wrap=True)


class _Safe(Console):
    """A console on which no text steers the terminal, wherever it comes from; its own styles still do."""

    def on_broken_pipe(self) -> None:
        """Continue in silence if standard error is not read, and end the program if standard output is not."""
        if not self.stderr:
            raise BrokenPipeError  # rich would exit with 1
        streams.close(sys.stderr)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or not _UNSEEN.search(segment.text):
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
            return _LONE.sub("\ufffd", value)
        case dict():
            return {_unicode(name): _unicode(each) for name, each in value.items()}
        case list() | tuple():
            return [_unicode(each) for each in value]
    return value
