"""Keeps the next batches on the device while the current one is computed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import jax
from jax.sharding import Sharding

from dlcli.interface import Batch

_AHEAD = 2  # batches; more only hides jitter of a loader that is fast enough on average
_ASKED_SECONDS = 0.2  # between two questions whether to stop, while no batch comes
_PARTING_SECONDS = 1.0  # that an interruption waits for the thread, which may be in the middle of a slow read


def prefetch(
    batches: Iterator[Batch], place: Sharding, stopped: Callable[[], bool] = lambda: False
) -> Generator[dict[str, jax.Array], None, None]:
    """Yield the batches of `batches`, placed by `place`, read ahead by a thread of its own.

    Closing the generator ends the thread. An error in `batches` is raised here, at its place.

    Args:
        batches: read one after the other.
        place: where each lies on the devices.
        stopped: whether to end though there are more; asked while none is ready.
    """
    ready: queue.Queue[dict[str, jax.Array] | BaseException | None] = queue.Queue(_AHEAD)
    closed = threading.Event()

    def read() -> None:
        try:
            for batch in batches:
                _put(ready, jax.device_put(dict(batch), place), closed)
                if closed.is_set():
                    return
            _put(ready, None, closed)
        except BaseException as error:  # handed over to the thread that consumes
            _put(ready, error, closed)

    thread = threading.Thread(target=read, name="prefetch", daemon=True)
    thread.start()
    try:
        while (item := _next(ready, stopped)) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        closed.set()
        thread.join(_PARTING_SECONDS if stopped() else None)


def _next(ready: queue.Queue[Any], stopped: Callable[[], bool]) -> Any:
    """Return the next item of the queue, or None where there is none and the consumer stops."""
    while True:
        try:
            return ready.get(timeout=_ASKED_SECONDS)
        except queue.Empty:
            if stopped():
                return None


def _put(ready: queue.Queue[Any], item: object, closed: threading.Event) -> None:
    while not closed.is_set():
        try:
            return ready.put(item, timeout=0.05)
        except queue.Full:
            continue
