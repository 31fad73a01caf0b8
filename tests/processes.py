"""Runs dlcli in separate processes, forked from one that has loaded jax, so that they start quickly."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_PATIENCE = 300  # seconds; far more than any test takes, also on a busy machine
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["dlcli.cli.app", "dlcli.techniques.cnn.learner", "tests.linear"])


class Child:
    """A function in a separate process; its output goes to files."""

    def __init__(
        self, folder: Path, function: Callable[..., None], *arguments: Any, environment: Mapping[str, str] = {}
    ):
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.out")))
        self.out, self.err = folder / f"{number}.out", folder / f"{number}.err"
        self.out.touch()
        self.err.touch()
        _load()
        handed = (function, arguments, self.out, self.err, {**os.environ, **environment})
        self.process = _forks.Process(target=_run, args=handed, daemon=True)
        self.process.start()

    def wait(self) -> int:
        """Return the exit code; its output explains an unexpected one."""
        self.process.join(_PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(self.err.read_text())
        return self.process.exitcode

    def send(self, signal: int) -> None:
        os.kill(self.process.pid, signal)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true, while the process runs."""
        end = time.monotonic() + _PATIENCE
        while not condition():
            if not self.process.is_alive() or time.monotonic() > end:
                raise TimeoutError(self.err.read_text())
            time.sleep(0.005)

    def until_printed(self, words: str, times: int = 1) -> None:
        """Wait until the process has printed `words` on standard error."""
        self.until(lambda: self.err.read_text().count(words) >= times)


def _load() -> None:
    """Start the process that the others are forked from, once; it must find this package and dlcli."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def dlcli(*arguments: str) -> None:
    """Call the program in this process; run by `Child`."""
    from dlcli.__main__ import main

    sys.argv = ["dlcli", *arguments]
    main()


def _run(function: Callable[..., None], arguments: Any, out: Path, err: Path, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with out.open("w", buffering=1) as stdout, err.open("w", buffering=1) as stderr:
        os.dup2(stdout.fileno(), 1)  # for what is not Python
        os.dup2(stderr.fileno(), 2)
        sys.stdout, sys.stderr = stdout, stderr
        try:
            function(*arguments)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
