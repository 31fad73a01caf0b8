"""Computes one request at a time, in the order of arrival; a full queue is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_WAITING = 16  # requests


class Busy(Exception):
    """Too many requests wait."""


class Worker:
    """A thread that computes; jax would run two requests at once on the same cores."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._waiting = 0

    async def run(self, call: Callable[[], T]) -> T:
        """Return the result of a call; raise `Busy` if too many wait."""
        if self._waiting >= _WAITING:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the request in progress finish, and drop the others."""
        self._thread.shutdown(wait=True, cancel_futures=True)
