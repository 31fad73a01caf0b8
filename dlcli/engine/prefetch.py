"""Loads the next batches onto the device while the current one is computed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import jax
from jax.sharding import NamedSharding

from dlcli.engine import devices
from dlcli.interface import Batch, Data, Share

_AHEAD = 2  # batches; more would only hide the jitter of a loader that is fast enough on average
_POLL_SECONDS = 0.2  # between two calls of `stopped` while no batch is ready
_JOIN_SECONDS = 1.0  # maximum wait of an interruption for the thread, which may be in a slow read


def prefetch(
    batches: Iterator[Batch], place: NamedSharding, stopped: Callable[[], bool] = lambda: False
) -> Generator[dict[str, jax.Array], None, None]:
    """Yield the batches of `batches` on the devices; a thread reads them ahead.

    Closing the generator ends the thread. An error in `batches` is raised here, after the batches before it.

    Args:
        batches: of host arrays, of which each process passes its share.
        place: sharding of each batch on the devices.
        stopped: returns whether to end early; called while no batch is ready.
    """
    ready: queue.Queue[dict[str, jax.Array] | BaseException | None] = queue.Queue(_AHEAD)
    closed = threading.Event()

    def read() -> None:
        try:
            for batch in batches:
                _put(ready, devices.place_batch(batch, place), closed)
                if closed.is_set():
                    return
            _put(ready, None, closed)
        except BaseException as error:  # raised again in the consuming thread
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
        thread.join(_JOIN_SECONDS if stopped() else None)


def train_batches(data: Data, step: int) -> Iterator[Batch]:
    """Return this process's share of the training batches from a step on."""
    return data.train_from(step) if share().count == 1 else data.train_from(step, share())


def share() -> Share:
    """Return the share of each batch that this process makes."""
    return Share(jax.process_index(), jax.process_count())


def _next(ready: queue.Queue[Any], stopped: Callable[[], bool]) -> Any:
    """Return the next item of the queue, or None if there is none and the consumer stops."""
    while True:
        try:
            return ready.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if stopped():
                return None


def _put(ready: queue.Queue[Any], item: object, closed: threading.Event) -> None:
    while not closed.is_set():
        try:
            return ready.put(item, timeout=0.05)
        except queue.Full:
            continue
