"""The step at which all processes of a run stop."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import jax


class CommonStop:
    """The agreement of all processes to stop after the same step, whichever has a reason first.

    Each process calls `at` at the same points of the program. A process with a reason publishes it. Each process then
    publishes its last point, and does not pass another one before it has read the points of all: all stop at the point
    after the last one of any.
    """

    def __init__(self, client: Any, folder: str, key: str, index: int, count: int):
        """Create the agreement of one run.

        Args:
            client: of the coordination service; None for a process that is alone.
            folder: of the keys that all processes read.
            key: name of the agreement, within the folder.
            index: number of this process.
            count: number of processes.
        """
        self._client, self._name, self._key = client, f"{folder}/{key}", key
        self._index, self._count = index, count
        self._changed = threading.Condition()
        self._point, self._published = 0, False
        self._target: int | None = None
        self._reason: str | None = None
        self._requested = False

    def at(self, reason: str | None) -> str | None:
        """Pass a point, with a reason to stop or None; return the common reason if all stop here."""
        if self._count == 1:
            return reason
        if reason and not self._requested:
            self._requested = True
            with suppress(jax.errors.JaxRuntimeError):  # another process was faster
                self._client.key_value_set(f"{self._name}/request", reason)
        with self._changed:
            while self._published and self._target is None:
                self._changed.wait()
            self._point += 1
            return self._reason if self._target is not None and self._point >= self._target else None

    def take_part(self, found: dict[str, str]) -> None:
        """Take part in the agreement; called in another thread with what the processes have published."""
        reason = found.get(f"{self._key}/request")
        if reason is None or self._target is not None:
            return
        with self._changed:
            if not self._published:
                self._client.key_value_set(f"{self._name}/at/{self._index}", str(self._point))
                self._published = True
        points = [int(value) for name, value in found.items() if name.startswith(f"{self._key}/at/")]
        if len(points) == self._count:
            with self._changed:
                self._target, self._reason = max(points) + 1, reason
                self._changed.notify_all()
