"""Why a run ends before its last step. Each rule is asked after every step, and answers with a reason or None."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dlcli.engine.progress import Progress

Rule = Callable[[Progress], str | None]


def patience(validations: int) -> Rule:
    """Stop after this many validations in a row without a new best; 0 never stops."""
    return lambda progress: "patience" if validations and progress.waited >= validations else None


def time_budget(seconds: float | None) -> Rule:
    """Stop when `seconds` have passed since this call; None never stops."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    return lambda progress: "time" if time.monotonic() >= end else None


def first_of(*rules: Rule) -> Rule:
    """Stop for the first reason that any rule gives."""
    return lambda progress: next((reason for rule in rules if (reason := rule(progress))), None)


@contextmanager
def signals() -> Iterator[Rule]:
    """Catch SIGINT and SIGTERM once: the rule names the signal, a second one acts as it always does."""
    caught: list[str] = []
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(signal.Signals(number).name)
        for each in usual:
            signal.signal(each, signal.SIG_DFL)

    for each in usual:
        signal.signal(each, catch)
    try:
        yield lambda progress: caught[0] if caught else None
    finally:
        for each, handler in usual.items():
            signal.signal(each, handler)
