"""The heartbeat of a trial: an attribute in the storage that changes while a worker works on the trial."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EVERY = 10.0  # seconds between two beats
STOPPED = 60.0  # seconds without a beat after which the worker is taken as lost
_BEAT = "heartbeat"


def of(trial: Any) -> Any:
    """Return the last beat of a trial, as it was read from the storage."""
    return trial.user_attrs.get(_BEAT)


@contextmanager
def beating(storage: Any, id: int) -> Iterator[None]:
    """Record a beat of the trial `id` now and again within the block."""
    ended, own = threading.Event(), secrets.token_hex(4)

    def beat() -> None:
        number = 0
        while True:
            with contextlib.suppress(Exception):  # the trial is finished, or the storage fails: the worker reports that
                storage.set_trial_user_attr(id, _BEAT, f"{own} {number}")
            number += 1
            if ended.wait(EVERY):
                storage.remove_session()  # each thread has its own
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(EVERY)
