"""The processes of one run at work: common decisions, one step at which all stop, and the end of all if one is lost.

All of it goes through jax's coordination service, a store of keys and values in process 0. Two threads read it: one
waits for processes that stop responding, the other reads what a process has published. They can act while the
main thread waits for a device.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import jax

from dlcli import processes
from dlcli.engine import connection
from dlcli.engine.common_stop import CommonStop
from dlcli.errors import LostError, UserError
from dlcli.processes import Processes

_CONTROL = "dlcli/control"
_POLL_SECONDS = 0.2
_ALIVE_SECONDS = 1.0  # between two checks of the others
_LINGER_SECONDS = 5.0  # for the others to read why this process ends
_LEAVE_SECONDS = 60  # for all to reach the end of the run
_NETWORK = ("gloo", "nccl", "connection", "peer", "socket", "unavailable")  # words in the errors of collectives


def _print(error: UserError) -> None:
    lines = [f"error: {error}", *([f"hint: {error.hint}"] if error.hint else [])]
    os.write(2, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


class Group:
    """The processes of a run, as one of them sees them; a process that is alone needs no service.

    Attributes:
        index: number of this process.
        count: number of processes.
        report: prints an error before the process ends.
        reported: whether process 0 reports the failure of this one.
        resume_hint: returns the command that continues the run; "" before it is saved.
    """

    def __init__(self, index: int = 0, count: int = 1, client: Any = None):
        self.index, self.count, self._client = index, count, client
        self.report: Callable[[UserError], None] = _print
        self.resume_hint: Callable[[], str] = str
        self.reported = False
        self._decisions = 0
        self._ending = threading.Lock()  # held by the thread that ends the process
        self._left = threading.Event()
        self._code = 0  # exit code, once the process is ending
        self._stop: CommonStop | None = None
        self._hosts: list[str] = []

    @property
    def first(self) -> bool:
        """Whether this process writes to the terminal and to the run folder."""
        return self.index == 0

    def start(self, client: Any, count: int) -> None:
        """Publish the name of this host, and watch the others until the program ends.

        Args:
            client: of the coordination service.
            count: number of processes.
        """
        self._client, self.count = client, count
        self._client.key_value_set(f"dlcli/host/{self.index}", socket.gethostname())
        for work in (self._watch, self._listen):
            threading.Thread(target=work, name=f"group{work.__name__}", daemon=True).start()

    def agreed(self, value: str) -> str:
        """Return the value of process 0; all processes call it at the same point."""
        if self.count == 1:
            return value
        self._decisions += 1
        key = f"dlcli/decision/{self._decisions}"
        if self.first:
            self._client.key_value_set(key, value)
            return value
        return self._awaited(key)

    def barrier(self) -> None:
        """Wait until all processes are here; a lost one ends the wait."""
        self.any_of("")

    def any_of(self, value: str) -> str:
        """Return the first value of a process that is not empty, or ""; all processes call it at the same point."""
        if self.count == 1:
            return value
        self._decisions += 1
        key = f"dlcli/values/{self._decisions}"
        self._client.key_value_set(f"{key}/{self.index}", value)
        found = [self._awaited(f"{key}/{other}") for other in range(self.count)]
        return next(filter(None, found), "")

    def stop(self) -> CommonStop:
        """Return a new agreement on the step at which all processes stop."""
        self._decisions += 1
        self._stop = CommonStop(self._client, _CONTROL, f"stop-{self._decisions}", self.index, self.count)
        return self._stop

    def fail(self, code: int, message: str) -> None:
        """Let the others end with this exit code; process 0 reports the message."""
        if self.count == 1 or not self._ending.acquire(blocking=False):
            return
        self._code = code
        with suppress(jax.errors.JaxRuntimeError):
            self._publish("failed", json.dumps({"code": code, "message": message}))
            end = time.monotonic() + _LINGER_SECONDS
            others = {index for index in range(self.count) if index != self.index}
            while time.monotonic() < end:
                gone = {
                    int(name.split("/")[-1]) for name in self._control() if name.split("/")[0] in ("failed", "left")
                }
                self.reported = 0 in gone and not self.first
                if others <= gone or self.reported:
                    break
                time.sleep(_POLL_SECONDS / 2)
        if self.first:
            time.sleep(_POLL_SECONDS)  # the others are aborted if the service ends before them

    def leave(self, code: int = 0) -> None:
        """Wait for the others at the end of the run; from here on, their end is no loss.

        Args:
            code: exit code of the process.
        """
        if self.count == 1 or not self._ending.acquire(blocking=False):
            return
        self._code = code
        with suppress(jax.errors.JaxRuntimeError):
            self._client.wait_at_barrier("dlcli/end", _LEAVE_SECONDS * 1000)
        self._left.set()
        if self.first:
            time.sleep(_POLL_SECONDS)  # the others are aborted if the service ends before them

    def aborted(self, error: LostError) -> None:
        """End the process, which C++ code aborts because process 0 is gone."""
        self._end(error)
        os._exit(self._code)  # it was ending already

    def _end(self, error: UserError, linger: float = 0.0) -> None:
        """Report an error and end the process, whatever its main thread does."""
        if not self._ending.acquire(blocking=False):
            return
        try:
            self._code = error.exit_code
            error.hint = error.hint or self.resume_hint()
            self.report(error)
            time.sleep(linger)
        finally:
            os._exit(error.exit_code)

    def _watch(self) -> None:
        """End the process if another one is lost."""
        everyone = list(range(self.count))
        while not self._left.wait(_ALIVE_SECONDS):
            try:
                alive = self._client.get_live_nodes(everyone)
            except jax.errors.JaxRuntimeError:
                continue  # process 0 is gone, which aborts this process, or this one is leaving
            lost = sorted(set(everyone) - set(alive))
            if lost and not self._left.is_set():
                names = ", ".join(f"{index} ({self._host(index)})" for index in lost)
                what = f"process {names} was lost: it ended, or did not respond for {connection.HEARTBEAT_SECONDS} s"
                # The others find out by themselves, unless the service in process 0 ends first.
                self._end(LostError(what), linger=2 * _ALIVE_SECONDS if self.first else 0.0)

    def _listen(self) -> None:
        """Read what other processes publish: failures, and requests to stop."""
        while not self._left.wait(_POLL_SECONDS):
            try:
                found = self._control()
                for name, value in found.items():
                    kind, _, index = name.partition("/")
                    if kind == "failed" and int(index) != self.index:
                        self._follow(int(index), **json.loads(value))
                if self._stop is not None:
                    self._stop.take_part(found)
            except jax.errors.JaxRuntimeError:
                continue

    def _follow(self, index: int, code: int, message: str) -> None:
        """End like another process that has failed; process 0 reports it."""
        if not self._ending.acquire(blocking=False):
            return
        try:
            if self.first:
                error = UserError(f"process {index} ({self._host(index)}): {message}", hint=self.resume_hint())
                error.exit_code = code
                self.report(error)
            self._publish("left", "")
            time.sleep(2 * _POLL_SECONDS if self.first else 0.0)
        finally:
            os._exit(code)

    def _publish(self, kind: str, value: str) -> None:
        self._client.key_value_set(f"{_CONTROL}/{kind}/{self.index}", value, allow_overwrite=True)

    def _control(self) -> dict[str, str]:
        return {key.removeprefix(f"{_CONTROL}/"): value for key, value in self._client.key_value_dir_get(_CONTROL)}

    def _host(self, index: int) -> str:
        try:
            return str(self._client.key_value_try_get(f"dlcli/host/{index}"))
        except jax.errors.JaxRuntimeError:
            return "unknown host"

    def _awaited(self, key: str) -> str:
        """Wait for a value; `_watch` and `_listen` end the process if it never comes."""
        while True:
            with suppress(jax.errors.JaxRuntimeError):
                return str(self._client.blocking_key_value_get(key, 2000))


_group = Group()


def current() -> Group:
    """Return the processes that this one is connected to."""
    return _group


def join() -> Group:
    """Connect to the other processes that the environment describes, once; must be called before jax computes.

    Raises:
        UsageError: a variable is missing or not valid.
        LostError: the others did not connect in time.
    """
    global _group
    found = processes.found()
    if found.several and _group.count == 1:
        _group = _connected(found)
    return _group


def _connected(found: Processes) -> Group:
    group = Group(found.index, found.count)
    group.report = _group.report
    connection.connect(found, group.aborted, group.start)
    atexit.register(group.leave)
    return group


@contextmanager
def ending_together() -> Iterator[None]:
    """End the other processes if the block fails in this one; a lost connection raises `LostError`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if _group.count > 1 and any(word in str(error).lower() for word in _NETWORK):
            time.sleep(connection.HEARTBEAT_SECONDS + 3)  # `_watch` ends the process once it knows which one is lost
            what = f"the connection to another process was lost: {str(error).splitlines()[0]}"
            raise LostError(what, hint=_group.resume_hint()) from error
        _group.fail(1, str(error).splitlines()[0])
        raise
    except Exception as error:
        _group.fail(error.exit_code if isinstance(error, UserError) else 1, str(error))
        raise
