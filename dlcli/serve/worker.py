"""Computes requests in the order of arrival, several of one action at once; a full queue is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dlcli.errors import UserError
from dlcli.notices import silenced
from dlcli.serve.action import Action, Values

WAITING = 16  # requests


class Busy(Exception):
    """Too many requests wait."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Request:
    action: Action
    body: Any
    answer: asyncio.Future[Values]


class Worker:
    """A thread that computes; jax would run two requests at once on the same cores."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._waiting: deque[_Request] = deque()
        self._working: asyncio.Task[None] | None = None

    async def run(self, action: Action, body: Any) -> Values:
        """Return the response to a body.

        Raises:
            Busy: too many requests wait.
            UserError: the body is not valid.
        """
        if len(self._waiting) >= WAITING:
            raise Busy
        request = _Request(action, body, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await request.answer

    def close(self) -> None:
        """Let the requests in progress finish, and drop the others."""
        self._waiting.clear()
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._next()
            answers = functools.partial(_answers, batch[0].action, [each.body for each in batch])
            found = await loop.run_in_executor(self._thread, answers)
            for request, answer in zip(batch, found, strict=True):
                if request.answer.done():  # cancelled
                    continue
                if isinstance(answer, Exception):
                    request.answer.set_exception(answer)
                else:
                    request.answer.set_result(answer)

    def _next(self) -> list[_Request]:
        """Remove the oldest request, and later ones of its action that fit into its batch."""
        first = self._waiting[0]
        batch = [each for each in self._waiting if each.action is first.action][: first.action.batch]
        for each in batch:
            self._waiting.remove(each)
        return batch


def _answers(action: Action, bodies: Sequence[Any]) -> Sequence[Values | Exception]:
    """Return the response to each body, or its error."""
    try:
        with silenced():
            return action.call(bodies)
    except UserError as error:
        if len(bodies) == 1:
            return [error]
    except Exception as error:
        return [error] * len(bodies)
    # One body is not valid: computed alone, the others get their responses.
    return [answer for body in bodies for answer in _answers(action, [body])]
