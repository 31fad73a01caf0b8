"""Steps that are dispatched to the device and may not be computed yet."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import jax

_MAX_SECONDS = 0.5  # of dispatched work
_MAX_STEPS = 64  # the runtime itself queues about 32
_RATE_SECONDS = 0.1  # over which the rate is measured
_POLL_SECONDS = 0.1  # between two results of `poll`


class InFlight:
    """Limits how far dispatch runs ahead of the device, and tracks the last computed step.

    A call of a compiled step returns before the device has computed it, and the runtime queues about 32 steps. If a
    step takes seconds, an interruption would wait for minutes of queued work. This class limits the queue to half a
    second of work. If a step takes longer, the next one is dispatched when it is computed, which leaves the device
    idle for less than a millisecond; faster steps never leave the device idle.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Any]] = deque()
        self._done: tuple[int, Any] | None = None
        self._polled, self._polled_at = 0, 0.0
        self.clear()

    def clear(self) -> None:
        """Drop all steps, which the device has computed, and measure the rate again."""
        self._waiting.clear()
        self._done = None
        self._limit, self._count, self._since = 0, 0, time.perf_counter()

    def add(self, step: int, result: Any) -> None:
        """Add a dispatched step; wait for older steps if too many are in flight.

        Args:
            step: its number.
            result: arrays that it returns and that are not donated to a later step.
        """
        self._waiting.append((step, result))
        while len(self._waiting) > self._limit:
            self._done = self._waiting.popleft()
            jax.block_until_ready(_marker(self._done[1]))
            self._count += 1
            self._measure()

    def poll(self) -> tuple[int, Any] | None:
        """Return the last computed step and its result; None if it has not changed or was polled very recently."""
        now = time.perf_counter()
        if now - self._polled_at < _POLL_SECONDS:
            return None
        while self._waiting and _marker(self._waiting[0][1]).is_ready():
            self._done = self._waiting.popleft()
            self._count += 1
        if self._done is None or self._done[0] == self._polled:
            return None
        self._polled, self._polled_at = self._done[0], now
        return self._done

    def _measure(self) -> None:
        passed = time.perf_counter() - self._since
        if passed >= _RATE_SECONDS:
            self._limit = min(_MAX_STEPS, int(_MAX_SECONDS * self._count / passed))
            self._count, self._since = 0, time.perf_counter()


def _marker(result: Any) -> Any:
    return jax.tree.leaves(result)[0]  # all arrays of one call are ready at the same time
