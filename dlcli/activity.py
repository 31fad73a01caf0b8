"""Progress of long work: any function reports it here, and the command line shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

Listener = Callable[[str, int, int | None], bool]

_listeners: list[Listener] = []


def report(what: str, done: int = 0, total: int | None = None) -> bool:
    """Report progress to all listeners; return whether one of them shows it immediately.

    Args:
        what: such as "training the feature classifier"; "" when it is done.
        done: number of units done.
        total: number of all units; None if unknown.
    """
    return any([listener(what, done, total) for listener in _listeners])


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Log the work of a block when it starts, and report its end: the command line shows what is logged until then."""
    log.info("%s", what)
    try:
        yield
    finally:
        report("")


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` with each report within the block; it returns whether it shows the report immediately."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
