"""SIGINT (Ctrl-C) and SIGTERM, answered at once, whatever the program is doing.

Python runs the handler of a signal in the main thread between two instructions, and so only after the import, the
compilation or the step on the device that the main thread waits for. Here a thread of its own reads each signal as it
arrives. Nothing is raised in the main thread: that would leave modules half imported, or be swallowed by a library.

A signal ends the process, with 130 or 143, unless there is something to save: then the first one only leaves its name
for the work in progress to find, and the second one ends the process.

A process that was started with SIGINT ignored, as a shell starts what runs in its background, answers all the same:
whoever sends it the signal means it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

CODES = {"SIGINT": 130, "SIGTERM": 143}
_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated"}
_SAME_SECONDS = 0.3  # `timeout` and `uv run` pass on a signal that the process also has from its group: it comes twice
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """How signals are answered.

    Attributes:
        caught: the name of the signal that was held back, if one was.
        answer: called, in a thread of its own, with the name of the first signal while there is something to save; None
            while there is not, and the signal ends the process.
        farewell: returns what the process says as it ends, after "interrupted"; "" for nothing more.
    """

    def __init__(self) -> None:
        self._wakeup: tuple[int, int] | None = None  # where signals are read and written
        self._usual: dict[int, Any] = {}
        self._caught_at = 0.0
        self.clear()

    def clear(self) -> None:
        """Let the next signal end the process, with nothing more to say."""
        self.caught: str | None = None
        self.answer: Callable[[str], None] | None = None
        self.farewell: Callable[[], str] = str

    def install(self) -> bool:
        """Answer signals from here on; return False where that was so before. To be called in the main thread."""
        if self._wakeup is not None:
            return False
        self._wakeup = os.pipe()
        os.set_blocking(self._wakeup[1], False)
        threading.Thread(target=self._read, args=[self._wakeup[0]], name="signals", daemon=True).start()
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        # The handler has nothing to do; without one, Python would not write to the pipe.
        self._usual = {number: signal.signal(number, lambda number, frame: None) for number in _NUMBERS}
        return True

    def uninstall(self) -> None:
        """Leave signals to what answered them before."""
        assert self._wakeup is not None
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._wakeup[1])  # which ends the thread
        self._wakeup = None
        self.clear()

    def forget(self) -> None:
        """In a forked process, which has no such thread, let signals end it as they end any other."""
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            for number in _NUMBERS:
                signal.signal(number, signal.SIG_DFL)
            self._wakeup = None
            self.clear()

    def _read(self, pipe: int) -> None:
        while received := os.read(pipe, 64):
            for number in received:
                if number in _NUMBERS:
                    self._answer(signal.Signals(number).name)
        os.close(pipe)

    def _answer(self, name: str) -> None:
        if self.caught is not None and time.monotonic() - self._caught_at < _SAME_SECONDS:
            return
        if self.answer is None or self.caught is not None:
            self._end(name)
        self.caught, self._caught_at = name, time.monotonic()
        with contextlib.suppress(Exception):  # nobody may read it; the signal counts all the same
            self.answer(name)

    def _end(self, name: str) -> NoReturn:
        """Leave without the interpreter's own end: functions of XLA may be running, and now and then crash under it."""
        try:
            more = self.farewell()
            line = f"{_WORDS[name]}; {more}\n" if more else f"{_WORDS[name]}\n"
            # What is shown on a terminal may have hidden the cursor, and left its line unfinished.
            clear = "\r\x1b[2K\x1b[?25h" if os.isatty(2) and os.environ.get("TERM") != "dumb" else ""
            os.write(2, (clear + line).encode("utf-8", "replace"))
        finally:
            os._exit(CODES[name])


SIGNALS = Signals()


def _hold_back() -> None:
    # The pipe is shared until the child has left it: a signal to the child must not be read by its parent.
    signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NUMBERS)


def _begin_child() -> None:
    SIGNALS.forget()
    _let_through()


os.register_at_fork(before=_hold_back, after_in_parent=_let_through, after_in_child=_begin_child)


@contextmanager
def answered() -> Iterator[Signals]:
    """Answer signals within the block, and leave them as they were."""
    installed = SIGNALS.install()
    try:
        yield SIGNALS
    finally:
        SIGNALS.clear()
        if installed:
            SIGNALS.uninstall()


@contextmanager
def saying(farewell: str) -> Iterator[None]:
    """Within the block, say this where a signal ends the process."""
    before, SIGNALS.farewell = SIGNALS.farewell, lambda: farewell
    try:
        yield
    finally:
        SIGNALS.farewell = before


def leave(code: int) -> NoReturn:
    """End the process with what it has printed, and without the interpreter's own end."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads on, or it is closed
            stream.flush()
    os._exit(code)
