"""Immediate handling of SIGINT (Ctrl-C) and SIGTERM.

Python runs a signal handler in the main thread between two bytecode instructions, so only after the current import,
compilation or device step. Here a separate thread reads each signal as it arrives. Nothing is raised in the main
thread: an exception could leave modules partially imported, or be caught by a library.

A signal ends the process with exit code 130 or 143, unless there is something to save: then the first signal is only
recorded in `Signals.caught`, which the training loop checks, and the second one ends the process.

Signals are handled even if the process was started with SIGINT ignored, as shells start background jobs.
"""

from __future__ import annotations

import contextlib
import json
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
_SAME_SECONDS = 0.3  # a signal may arrive twice: from the process group, and forwarded by `timeout` or `uv run`
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """The handling of signals.

    Attributes:
        caught: name of the first signal, if it did not end the process.
        on_signal: called in another thread with the name of the first signal; None if there is nothing to save, so
            that the first signal ends the process.
        before_exit: called with the exit code before the process ends; None if there is nothing to do.
        exit_message: returns the text that is printed after "interrupted" when the process ends; "" for none.
        as_json: whether standard output gets a JSON object of an error when the process ends; False once it has one.
    """

    def __init__(self) -> None:
        self.as_json = False
        self._wakeup: tuple[int, int] | None = None  # the pipe of signal numbers: read end, write end
        self._previous: dict[int, Any] = {}
        self._caught_at = 0.0
        self.before_exit: Callable[[int], object] | None = None
        self.clear()

    def clear(self) -> None:
        """Let the next signal end the process, without a message."""
        self.caught: str | None = None
        self.on_signal: Callable[[str], None] | None = None
        self.exit_message: Callable[[], str] = str

    def install(self) -> bool:
        """Start handling signals; return False if they are handled already. Call it in the main thread."""
        if self._wakeup is not None:
            return False
        self._wakeup = os.pipe()
        os.set_blocking(self._wakeup[1], False)
        threading.Thread(target=self._read, args=[self._wakeup[0]], name="signals", daemon=True).start()
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        # The handler does nothing, but without one Python does not write to the pipe.
        self._previous = {number: signal.signal(number, lambda number, frame: None) for number in _NUMBERS}
        return True

    def uninstall(self) -> None:
        """Restore the previous signal handlers."""
        assert self._wakeup is not None
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._wakeup[1])  # which ends the thread
        self._wakeup = None
        self.clear()

    def reset_in_child(self) -> None:
        """Restore the default handlers in a forked process, which has no signal thread."""
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
                    self._handle(signal.Signals(number).name)
        os.close(pipe)

    def _handle(self, name: str) -> None:
        if self.caught is not None and time.monotonic() - self._caught_at < _SAME_SECONDS:
            return
        if self.on_signal is None or self.caught is not None:
            self._end(name)
        self.caught, self._caught_at = name, time.monotonic()
        with contextlib.suppress(Exception):  # its message may fail to print; the signal is recorded all the same
            self.on_signal(name)

    def _end(self, name: str) -> NoReturn:
        """End the process without the interpreter's shutdown, during which running XLA functions can crash."""
        try:
            more = self.exit_message()
            line = f"{_WORDS[name]}; {more}\n" if more else f"{_WORDS[name]}\n"
            # A progress display may have hidden the cursor and left an unfinished line.
            clear = "\r\x1b[2K\x1b[?25h" if os.isatty(2) and os.environ.get("TERM") != "dumb" else ""
            os.write(2, (clear + line).encode("utf-8", "replace"))
            if self.as_json:
                error = {"kind": _WORDS[name], "message": f"{_WORDS[name]} by {name}", "hint": more}
                os.write(1, (json.dumps({"error": error}) + "\n").encode())
            if self.before_exit is not None:
                self.before_exit(CODES[name])
        finally:
            os._exit(CODES[name])


SIGNALS = Signals()


def _block() -> None:
    # The child shares the pipe until it resets it: its signals must not be read by the parent.
    signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NUMBERS)


def _reset_child() -> None:
    SIGNALS.reset_in_child()
    _unblock()


os.register_at_fork(before=_block, after_in_parent=_unblock, after_in_child=_reset_child)


@contextmanager
def handled() -> Iterator[Signals]:
    """Handle signals within the block, and restore the previous handlers after it."""
    installed = SIGNALS.install()
    try:
        yield SIGNALS
    finally:
        SIGNALS.clear()
        if installed:
            SIGNALS.uninstall()


@contextmanager
def exit_message(text: str) -> Iterator[None]:
    """Print this text if a signal ends the process within the block."""
    before, SIGNALS.exit_message = SIGNALS.exit_message, lambda: text
    try:
        yield
    finally:
        SIGNALS.exit_message = before


def exit_now(code: int) -> NoReturn:
    """Flush the output and end the process without the interpreter's shutdown."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # its reader has gone, or it is closed
            stream.flush()
    os._exit(code)
