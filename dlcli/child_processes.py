"""Child processes that end with the process that started them, since their standard input ends then."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(
    module: str, line: str, count: int, environment: Mapping[str, str], *, patience: float
) -> Iterator[list[subprocess.Popen[str]]]:
    """Run Python modules as child processes within the block.

    Args:
        module: with a main program, which ends when its standard input does.
        line: first line of its standard input, with its end.
        count: number of processes.
        environment: of all of them.
        patience: seconds in which a process must end after the block; it is killed then.
    """
    command = [sys.executable, "-m", module]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started: list[subprocess.Popen[str]] = []
    try:
        for _ in range(count):
            each = subprocess.Popen(command, text=True, env=environment, start_new_session=True, **pipes)
            started.append(each)
            assert each.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended already
                each.stdin.write(line)
                each.stdin.flush()
        yield started
    finally:
        for each in started:
            assert each.stdin is not None
            with contextlib.suppress(OSError):
                each.stdin.close()
        for each in started:
            try:
                each.wait(patience)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
