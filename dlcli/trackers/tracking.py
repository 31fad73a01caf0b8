"""Passes the events of training through to trackers; a tracker that fails is dropped with a note."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli import processes
from dlcli.engine.events import Ended, Event, Reported, Started, Validated
from dlcli.notices import warn
from dlcli.runs.folder import RunFolder, technique_of
from dlcli.trackers.pictures import pictures, texts
from dlcli.trackers.service import Service, Tracked, load, require


def tracked(events: Iterator[Event], names: str) -> Iterator[Event]:
    """Yield the events of a run, and log them.

    Args:
        events: of the engine.
        names: comma-separated names of trackers; "" logs nothing.

    Raises:
        UsageError: the package of a tracker is not installed.
    """
    services = {name: load(name) for name in require(names)}
    if not services or processes.found().follows:  # one process of several writes
        yield from events
        return
    logs: dict[str, Service] = {}
    started: Started | None = None
    try:
        for event in events:
            yield event
            if isinstance(event, Started):
                started = event
            # The first report follows the files of the run folder, which do not exist when training starts.
            elif isinstance(event, Reported | Validated) and started is not None:
                if services:
                    logs = _opened(services, started)
                    services = {}
                split = "train" if isinstance(event, Reported) else "validation"
                _each(logs, _logged(event.step, split, event.metrics))
            elif isinstance(event, Ended):
                _finish(logs, event)
    finally:
        _each(logs, lambda log: log.close())


def log_results(log: Service, folder: Path, step: int) -> None:
    """Log the pictures and the samples of a run."""
    now = time.time()
    for name, png in pictures(folder):
        log.picture(name, step, png, now)
    for name, text in texts(folder):
        log.text(name, step, text, now)


def _finish(logs: dict[str, Service], event: Ended) -> None:
    if event.reason in ("SIGINT", "SIGTERM"):  # the user waits, and the run is going to be resumed
        return
    _each(logs, lambda log: log_results(log, event.folder, event.step))


def _opened(services: Mapping[str, type[Service]], started: Started) -> dict[str, Service]:
    files = RunFolder(started.folder)
    run = Tracked(started.folder, technique_of(started.folder), files.raw("options.json"), started.step)
    found = {}
    for name, service in services.items():
        if (log := _tried(name, lambda service=service: service(run))) is not None:  # type: ignore[misc]
            found[name] = log
    return found


def _logged(step: int, split: str, metrics: Mapping[str, float]) -> Callable[[Service], None]:
    at = time.time()
    return lambda log: log.metrics(step, split, metrics, at)


def _each(logs: dict[str, Service], call: Callable[[Service], Any]) -> None:
    """Call a function with each log, and drop those that fail."""
    for name, log in list(logs.items()):
        if _tried(name, lambda log=log: (call(log),)) is None:  # type: ignore[misc]
            del logs[name]


def _tried(name: str, call: Callable[[], Any]) -> Any:
    """Return the result of a call, or None after a note if it fails: training must not depend on another tool."""
    try:
        return call()
    except Exception as error:
        warn(f"tracker {name} failed and logs no more: {' '.join(str(error).split())[:300]}")
        return None
