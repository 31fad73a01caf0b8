"""Several workers of a search on this machine: processes that are started, replaced if they are killed, and ended."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from dlcli.errors import LostError, UserError
from dlcli.files import disk_errors
from dlcli.notices import warn
from dlcli.tuning.events import Event, Finished, from_line
from dlcli.tuning.loop import work
from dlcli.tuning.search import Search
from dlcli.tuning.worker import description

_REPLACEMENTS = 3  # of a worker that is killed again and again without finishing a trial
_POLL = 0.2  # seconds between two looks for signals
_PATIENCE = 60.0  # seconds in which a worker that is ended must save its run


@dataclasses.dataclass
class _Worker:
    """A worker process.

    Attributes:
        number: from 1.
        process: the process.
        kills: how many processes of this number were killed since one finished a trial.
        log: file of its standard error.
    """

    number: int
    process: subprocess.Popen[str]
    kills: int
    log: Path


def work_together(search: Search, stop: Callable[[], str | None], deadline: float | None = None) -> Iterator[Event]:
    """Work on a search with as many workers as its options say, and yield events; one worker is this process.

    Args:
        search: to work on.
        stop: returns the name of a signal to pause at, or None.
        deadline: time since 1970 at which to pause; None: never.
    """
    if search.options.workers > 1:
        return Workers(search, search.options.workers, deadline).events(stop)
    from dlcli.engine.devices import prepare

    prepare(search.space.options_of_any().device)
    return work(search, stop, deadline)


class Workers:
    """The worker processes of a search."""

    def __init__(self, search: Search, count: int, deadline: float | None):
        self._search, self._description = search, description(search, deadline)
        self._lines: queue.Queue[tuple[_Worker, str | None]] = queue.Queue()
        self._live: dict[int, _Worker] = {}
        self._signalled = False
        for number in range(1, count + 1):
            self._start(number, kills=0)

    def events(self, stop: Callable[[], str | None]) -> Iterator[Event]:
        """Yield the events of all workers until they have ended.

        Raises:
            UserError: as in a worker; the others are ended.
            LostError: a worker was killed again and again.
        """
        try:
            while self._live:
                with contextlib.suppress(queue.Empty):
                    worker, line = self._lines.get(timeout=_POLL)
                    if line is None:
                        self._ended(worker)
                    elif event := self._read(line):
                        worker.kills = 0 if isinstance(event, Finished) else worker.kills
                        yield event
                if (name := stop()) and not self._signalled:
                    self._signal(getattr(signal, name))
        finally:
            self._end()

    def _start(self, number: int, kills: int) -> None:
        log = self._search.folder.path / "logs" / f"worker-{number}.log"
        with disk_errors(log):
            log.parent.mkdir(exist_ok=True)
            errors = log.open("ab")
        # Several workers share a device; by default the first would take most of a GPU's memory.
        environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **os.environ}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
        command = [sys.executable, "-m", "dlcli.tuning.worker"]
        # In a session of its own, so that Ctrl-C reaches this process alone, which passes it on.
        process = subprocess.Popen(command, text=True, start_new_session=True, env=environment, **pipes)
        errors.close()
        worker = self._live[number] = _Worker(number, process, kills, log)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has been killed already
            process.stdin.write(self._description)
            process.stdin.flush()
        threading.Thread(target=self._listen, args=[worker, process.stdout], daemon=True).start()

    def _listen(self, worker: _Worker, output: IO[str]) -> None:
        for line in output:
            self._lines.put((worker, line))
        self._lines.put((worker, None))

    def _read(self, line: str) -> Event | None:
        """Return the event of a line, or raise the error in it."""
        error = json.loads(line).get("error")
        if error is None:
            return from_line(line)
        kinds = {kind.exit_code: kind for kind in UserError.__subclasses__()}
        raise kinds[error["code"]](error["message"], hint=error["hint"])

    def _ended(self, worker: _Worker) -> None:
        """Replace a worker that was killed; raise an error if it failed."""
        del self._live[worker.number]
        code = worker.process.wait()
        if code == 0 or self._signalled:
            return
        if code > 0:
            lines = worker.log.read_text(errors="replace").strip().splitlines() or [f"exit code {code}"]
            raise RuntimeError(f"worker {worker.number} failed: {lines[-1]}; see {worker.log}")
        name = signal.Signals(-code).name
        if worker.kills >= _REPLACEMENTS:
            hint = "it may have too little memory: try fewer --workers; the same command continues the search"
            raise LostError(f"worker {worker.number} was killed by {name} {worker.kills + 1} times", hint=hint)
        warn(f"worker {worker.number} was killed by {name}; another one continues its run")
        self._start(worker.number, worker.kills + 1)

    def _signal(self, number: int) -> None:
        self._signalled = True
        for worker in self._live.values():
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(number)

    def _end(self) -> None:
        """End all workers, and wait until their runs are saved."""
        if not self._signalled:
            self._signal(signal.SIGTERM)
        for worker in self._live.values():
            try:
                worker.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
