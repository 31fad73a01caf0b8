"""What the program is busy with: long work reports it here, at any depth, and whoever shows it listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int | None], bool]

_listeners: list[Listener] = []


def report(what: str, done: int = 0, total: int | None = None) -> bool:
    """Say what is being done, and how much of it is done; return whether a listener shows it at once.

    Args:
        what: such as "training the feature classifier"; "" once it is done.
        done: units done so far.
        total: units in all; None where that is not known.
    """
    return any([listener(what, done, total) for listener in _listeners])


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` with each report until the block ends; it returns whether it shows it at once."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
