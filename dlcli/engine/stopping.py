"""Why a run ends before its last step. Each rule is asked after every step, and answers with a reason or None."""

from __future__ import annotations

import time
from collections.abc import Callable

from dlcli.runs.progress import Progress

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
