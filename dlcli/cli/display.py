"""Shows progress on standard error: live lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from dlcli import activity
from dlcli.cli import console, progress_lines
from dlcli.cli.progress_lines import TrainingState

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

_REFRESHES = 8  # per second
_FIRST_LINE, _NEXT_LINES = 10.0, 30.0  # seconds without output after which a plain line shows the current work
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"


class Display:
    """The changing lines below the permanent ones: progress bar, metrics and current activity.

    Attributes:
        live: whether they are redrawn on a terminal; otherwise they are printed from time to time.
        width: columns of the terminal; None for a file.
    """

    def __init__(self, err: Console):
        self.live = err.is_terminal and not err.is_dumb_terminal
        self.width = err.width if err.is_terminal else None
        self._console = err
        self._lock, self._ended = threading.RLock(), threading.Event()
        self._state: TrainingState | None = None
        self._base, self._what, self._done, self._since = "", "", 0, 0.0
        self._total: int | None = None
        self._printed, self._pause = time.monotonic(), _FIRST_LINE
        self._moved = 0.0
        self._live = _live(err, self) if self.live else None

    def __enter__(self) -> Display:
        self._listening = activity.listening(self._report)
        self._listening.__enter__()
        if self._live:
            self._live.__enter__()
        else:
            threading.Thread(target=self._tick, name="display", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._listening.__exit__(kind, error, trace)
        if self._live:
            with self._lock:
                self._state, self._what = None, ""
            self._live.__exit__(kind, error, trace)

    def busy(self, what: str) -> None:
        """Show the current activity and its duration."""
        with self._lock:
            self._base = what
            self._report(what)

    def idle(self) -> None:
        """Show no activity besides training."""
        self.busy("")

    def move(self, state: TrainingState) -> None:
        """Show the progress of training."""
        with self._lock:
            self._state, self._moved = state, time.monotonic()

    def print(self, line: str) -> None:
        """Print permanent lines, in rich's markup."""
        self._printed, self._pause = time.monotonic(), _NEXT_LINES
        self._console.print(line, soft_wrap=True)  # without the lock: rich calls `__rich__` while it holds its own

    def __rich__(self) -> Text:
        """Return the current lines."""
        from rich.text import Text

        with self._lock:
            lines = [*self._bar(self._console.width), *self._busy(self._console.width)]
        return Text("\n").join(lines) if lines else Text()

    def _bar(self, width: int) -> list[Text]:
        from rich.text import Text

        at = self._now()
        if at is None:
            return []
        glyphs = "=-" if self._console.options.ascii_only else "━─"
        done, rest, words = progress_lines.bar(at, width, glyphs)
        line = Text.assemble((done, "green"), (rest, "dim"), "  ", words, no_wrap=True, overflow="crop")
        below = progress_lines.fit(progress_lines.others(at.metrics), width)
        return [line, Text(below, "dim", no_wrap=True, overflow="crop")] if below else [line]

    def _busy(self, width: int) -> list[Text]:
        from rich.text import Text

        if not self._what:
            return []
        glyphs = _PLAIN_SPINNER if self._console.options.ascii_only else _SPINNER
        spinner = glyphs[int(time.monotonic() * _REFRESHES) % len(glyphs)]
        line = progress_lines.activity(self._what, self._done, self._total, time.monotonic() - self._since, width - 2)
        return [Text.assemble((spinner, "green"), " ", line, no_wrap=True, overflow="crop")]

    def _now(self) -> TrainingState | None:
        """Return the training state with the current time left."""
        at = self._state
        if at is None or at.left is None:
            return at
        return TrainingState(
            at.step, at.steps, at.rate, max(0.0, at.left - (time.monotonic() - self._moved)), at.metrics
        )

    def _report(self, what: str, done: int = 0, total: int | None = None) -> bool:
        """Show an activity within the base activity; "" shows the base activity itself."""
        with self._lock:
            what = what or self._base
            if what != self._what:
                self._since = time.monotonic()
            self._what, self._done, self._total = what, done, total
        return self.live

    def _tick(self) -> None:
        """Print the current work from time to time if nothing else is printed."""
        while not self._ended.wait(1.0):
            line = self._plain()
            if line and time.monotonic() - self._printed >= self._pause:
                self.print(console.plain(line))

    def _plain(self) -> str:
        with self._lock:
            if self._what:
                passed = time.monotonic() - self._since
                return progress_lines.activity(self._what, self._done, self._total, passed, self.width)
            at = self._now()
            return progress_lines.report(at, self.width) if at else ""


def _live(err: Console, display: Display) -> Live:
    from rich.live import Live

    return Live(get_renderable=display.__rich__, console=err, refresh_per_second=_REFRESHES, transient=True)
