"""Events of a search; a worker in another process sends them as lines of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from dlcli.files import as_json


@dataclasses.dataclass(frozen=True)
class Begun:
    """A trial has begun, or continues its run.

    Attributes:
        number: of the trial.
        values: of its parameters, by name.
        resumed: whether a process that ended earlier had begun it.
    """

    number: int
    values: Mapping[str, Any]
    resumed: bool


@dataclasses.dataclass(frozen=True)
class Moved:
    """The run of a trial is at a step of `steps`."""

    number: int
    step: int
    steps: int


@dataclasses.dataclass(frozen=True)
class Paused:
    """The run of a trial is saved before its end; the same command continues it. `reason` is a signal or "time"."""

    number: int
    step: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Finished:
    """A trial is done.

    Attributes:
        number: of the trial.
        values: of its parameters, by name.
        state: "complete", "pruned", "diverged", "out of memory" or "invalid".
        value: the best validation of the metric; None if there is none.
        metric: its name.
        step: the last step.
        message: why it failed; "" if it did not.
        rising: whether a higher value is better.
    """

    number: int
    values: Mapping[str, Any]
    state: str
    value: float | None
    metric: str
    step: int
    message: str = ""
    rising: bool = False


Event = Begun | Moved | Paused | Finished
_KINDS = {kind.__name__: kind for kind in (Begun, Moved, Paused, Finished)}


def to_line(event: Event) -> str:
    """Return an event as one line."""
    return as_json({"event": type(event).__name__, **dataclasses.asdict(event)})


def from_line(line: str) -> Event | None:
    """Return the event of a line; None for another object."""
    found = json.loads(line)
    kind = _KINDS.get(found.pop("event", ""))
    event: Event | None = kind(**found) if kind else None
    return event
