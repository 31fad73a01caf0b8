"""Rules that end a run before its last step. Each is called after every step and returns a reason or None."""

from __future__ import annotations

import time
from collections.abc import Callable

from dlcli.runs.progress import Progress

Rule = Callable[[Progress], str | None]


def patience(validations: int) -> Rule:
    """Stop after N validations without a new best; 0 never stops."""
    return lambda progress: "patience" if validations and progress.waited >= validations else None


def time_budget(seconds: float | None) -> Rule:
    """Stop `seconds` after this call; None never stops."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    return lambda progress: "time" if time.monotonic() >= end else None


def first_of(*rules: Rule) -> Rule:
    """Return the reason of the first rule that has one."""
    return lambda progress: next((reason for rule in rules if (reason := rule(progress))), None)
