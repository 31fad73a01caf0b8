"""Calls of a compiled function that are dispatched and that the device may still have to compute."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import jax

_AHEAD_SECONDS = 0.5  # of work that may wait for the device
_MOST = 64  # steps; the runtime itself lets about 32 wait
_MEASURED_SECONDS = 0.1  # over which the rate is measured
_NEWS_SECONDS = 0.1  # between two answers of `news`


class InFlight:
    """Bounds how far dispatch runs ahead of the device, and knows the last step that is done.

    A call of a compiled step returns before the device has computed it, and the runtime lets some 32 steps wait:
    minutes of work, where a step takes seconds, that an interruption would have to wait for. Here half a second of work
    may wait. A step that takes longer than that is waited for before the next is dispatched, which costs the device
    less than a millisecond of it; a faster one is never waited for while the device has others to compute.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Any]] = deque()
        self._done: tuple[int, Any] | None = None
        self._told, self._told_at = 0, 0.0
        self.clear()

    def clear(self) -> None:
        """Forget all steps, since the device has computed them; what follows is measured anew."""
        self._waiting.clear()
        self._done = None
        self._limit, self._count, self._since = 0, 0, time.perf_counter()

    def add(self, step: int, result: Any) -> None:
        """Note that `step` is dispatched; wait for older ones if too many are in flight.

        Args:
            step: its number.
            result: arrays that it returns and that no later step takes over (donation).
        """
        self._waiting.append((step, result))
        while len(self._waiting) > self._limit:
            self._done = self._waiting.popleft()
            jax.block_until_ready(_marker(self._done[1]))
            self._count += 1
            self._measure()

    def news(self) -> tuple[int, Any] | None:
        """Return the last step that is done and its result, or None if there is nothing new or it is too soon."""
        now = time.perf_counter()
        if now - self._told_at < _NEWS_SECONDS:
            return None
        while self._waiting and _marker(self._waiting[0][1]).is_ready():
            self._done = self._waiting.popleft()
            self._count += 1
        if self._done is None or self._done[0] == self._told:
            return None
        self._told, self._told_at = self._done[0], now
        return self._done

    def _measure(self) -> None:
        passed = time.perf_counter() - self._since
        if passed >= _MEASURED_SECONDS:
            self._limit = min(_MOST, int(_AHEAD_SECONDS * self._count / passed))
            self._count, self._since = 0, time.perf_counter()


def _marker(result: Any) -> Any:
    return jax.tree.leaves(result)[0]  # what one call returns is ready at one time
