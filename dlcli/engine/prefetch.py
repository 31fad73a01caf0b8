"""Keeps the next batches on the device while the current one is computed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any

import jax
from jax.sharding import Sharding

from dlcli.types import Batch

_AHEAD = 2  # batches; more only hides jitter of a loader that is fast enough on average


def prefetch(batches: Iterator[Batch], place: Sharding) -> Generator[dict[str, jax.Array], None, None]:
    """Yield the batches of `batches`, placed by `place`, read ahead by a thread of its own.

    Closing the generator ends the thread. An error in `batches` is raised here, at its place.
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
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        closed.set()
        thread.join()


def _put(ready: queue.Queue[Any], item: object, closed: threading.Event) -> None:
    while not closed.is_set():
        try:
            return ready.put(item, timeout=0.05)
        except queue.Full:
            continue
