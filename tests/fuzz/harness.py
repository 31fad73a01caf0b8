"""Draws cases from a seed, runs each command in its own process, and checks all of them against the same rules.

A case depends only on the seed and its number. Three environment variables change what runs:

    DLCLI_FUZZ_SEED=7     another seed (default: 0)
    DLCLI_FUZZ_CASES=20   the number of cases of each test, without a time limit
    DLCLI_FUZZ_CASE=113   only this case, whose folder is kept; a failing case prints how to repeat it
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import random
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SEED = int(os.environ.get("DLCLI_FUZZ_SEED") or 0)
CASES = int(os.environ.get("DLCLI_FUZZ_CASES") or 0)
ONE_CASE = os.environ.get("DLCLI_FUZZ_CASE")

TIMEOUT = 120  # seconds per command; far more than any of them takes on an idle machine
ADDRESS_SPACE = 6 * 2**30  # bytes beyond those of the fork server
MAX_MEMORY = 3 * 2**30  # bytes; more than any small input may need
CLOSED, BROKEN, FULL = "closed", "broken", "/dev/full"  # streams: none, a pipe without a reader, a full disk
EXIT_CODES = {0, 2, 3, 4, 5, 6, 7, 8}  # of a command that is not interrupted
_PYTHON = ("-m", "dlcli")
_FOREIGN = re.compile(r"^([EWF]\d{4} |WARNING:|ERROR:|Exception ignored|\S+\.py:\d+: \w*Warning)", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a command.

    Attributes:
        command: as a shell reads it.
        code: exit code; negative: the signal that ended it; None: it timed out and was killed.
        out: standard output, if it was written to a file.
        err: standard error, if it was written to a file.
        seconds: from start to end.
        peak_memory: in bytes.
        cpu_seconds: processor time.
        side_effects: what it did outside its folder, one line each.
    """

    command: str
    code: int | None
    out: bytes
    err: bytes
    seconds: float
    peak_memory: int
    cpu_seconds: float
    side_effects: tuple[str, ...]

    @property
    def stdout(self) -> str:
        return self.out.decode(errors="replace")

    @property
    def stderr(self) -> str:
        return self.err.decode(errors="replace")

    def objects(self) -> list[Any]:
        """Return the JSON objects on standard output, one per line; raise ValueError if a line is not JSON."""
        return [json.loads(line) for line in self.stdout.split("\n") if line]


class Sandbox:
    """The folder of a case.

    Attributes:
        work: where commands start.
        outside: a folder that no command may change.
        cache: value of `DLCLI_CACHE`.
        cpu_seconds: processor time of all commands.
    """

    def __init__(self, folder: Path):
        self.folder, self.work, self.outside = folder, folder / "work", folder / "outside"
        self.cache = Path(os.environ["DLCLI_CACHE"])
        for each in (self.work, folder / "home", folder / "tmp", folder / "logs", self.outside):
            each.mkdir(parents=True, exist_ok=True)
        (self.outside / "thesis.txt").write_text("years of work")
        self.before = snapshot(self.outside)
        self.cpu_seconds, self._numbers = 0.0, itertools.count(1)

    def environment(self, more: Mapping[str, str | None] = {}) -> dict[str, str]:
        """Return the variables of a command; a value of None in `more` removes one."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("JAX", "XLA", "PATH", "PYTHONP"))}
        own = {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "DLCLI_CACHE": str(self.cache),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        return {name: value for name, value in {**kept, **own, **more}.items() if value is not None}

    def start(self, *arguments: object, **kwargs: Any) -> Process:
        return Process(self, next(self._numbers), [str(each) for each in arguments], **kwargs)

    def run(self, *arguments: object, timeout: float = TIMEOUT, **kwargs: Any) -> Result:
        return self.start(*arguments, **kwargs).wait(timeout)


class Process:
    """A running command."""

    def __init__(
        self,
        sandbox: Sandbox,
        number: int,
        arguments: Sequence[str],
        *,
        stdin: bytes | str = b"",
        stdout: str = "",
        stderr: str = "",
        environment: Mapping[str, str | None] = {},
        encoding: str = "utf-8",
        interpreter: Sequence[str] | bool = False,
    ):
        """Start the command.

        Args:
            sandbox: where it runs.
            number: of the command within its sandbox.
            arguments: after `dlcli`.
            stdin: content, or the name of a file.
            stdout: path, `CLOSED` or `BROKEN`; default: a file in the logs.
            stderr: as stdout.
            environment: variables to set, or None to remove.
            encoding: of the standard streams.
            interpreter: whether to start a new interpreter instead of a fork, or its arguments.
        """
        logs = sandbox.folder / "logs"
        self.sandbox, self.arguments = sandbox, arguments
        self._out, self._err, self._log = (logs / f"{number}.{end}" for end in ("out", "err", "log"))
        if isinstance(stdin, bytes):
            (logs / f"{number}.in").write_bytes(stdin)
            stdin = str(logs / f"{number}.in")
        request = {
            "cwd": str(sandbox.work),
            "arguments": arguments,
            "environment": sandbox.environment(environment),
            "streams": [stdin, stdout or str(self._out), stderr or str(self._err)],
            "log": str(self._log),
            "address_space": ADDRESS_SPACE,
            "encoding": encoding,
            "interpreter": list(_PYTHON if interpreter is True else interpreter or ()),
            "allowed": [str(sandbox.folder), str(sandbox.folder.resolve()), str(sandbox.cache), "/dev/"],
        }
        self.started, self._received = time.monotonic(), b""
        self._connection = _servers[0].connect()
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(self._line())

    def send(self, number: int) -> bool:
        """Send a signal; return whether the process still existed."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def stderr(self) -> bytes:
        """Return its standard error up to now."""
        return self._err.read_bytes() if self._err.exists() else b""

    def ended(self, seconds: float) -> bool:
        """Wait for its end, at most `seconds`; return whether it ended."""
        return bool(self._received) or bool(select.select([self._connection], [], [], max(0, seconds))[0])

    def wait(self, timeout: float = TIMEOUT) -> Result:
        """Return its result; kill it `timeout` seconds after its start."""
        self._connection.settimeout(max(0.1, timeout - (time.monotonic() - self.started)))
        try:
            ended = json.loads(self._line())
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._connection.settimeout(30)
            ended = {**json.loads(self._line()), "code": None}
        self._connection.close()
        self.sandbox.cpu_seconds += ended["cpu_seconds"]
        out, err = (path.read_bytes() if path.is_file() else b"" for path in (self._out, self._err))
        log = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return Result(
            command=self.command(),
            code=ended["code"],
            out=out,
            err=err,
            seconds=time.monotonic() - self.started,
            peak_memory=ended["peak_memory"],
            cpu_seconds=ended["cpu_seconds"],
            side_effects=tuple(dict.fromkeys(log)),
        )

    def command(self) -> str:
        """Return the command as a shell reads it."""
        words = " ".join(shlex.quote(word) if word.isprintable() else f"$'{_escaped(word)}'" for word in self.arguments)
        return f"cd {self.sandbox.work} && dlcli {words}"

    def _line(self) -> bytes:
        """Return the next line that the fork server sends."""
        while b"\n" not in self._received:
            more = self._connection.recv(1024)
            if not more:
                self._connection.close()
                raise EOFError(f"the fork server closed the connection of {self.command()}")
            self._received += more
        line, _, self._received = self._received.partition(b"\n")
        return line


def _escaped(word: str) -> str:
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in os.fsencode(word.replace("\\", "\\\\"))
    )
    return escaped.replace("'", "\\'")


class ForkServer:
    """The process that cases are forked from (see `fork_server.py`)."""

    def __init__(self, folder: Path):
        self.path = str(folder / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen(64)
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.fork_server", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=environment,
            )

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(self.path)
        return connection

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


_servers: list[ForkServer] = []
costs: dict[str, tuple[int, float, float]] = {}  # per test: number of cases, seconds, and seconds of processor time


@contextlib.contextmanager
def fork_server(folder: Path) -> Iterator[None]:
    """Run the fork server while the context is open."""
    _servers.append(ForkServer(folder))
    try:
        yield
    finally:
        _servers.pop().stop()


def problems(result: Result, codes: set[int] = EXIT_CODES, *, unreadable: bool = False) -> list[str]:
    """Return the rules for every command that a command breaks.

    Args:
        result: of the command.
        codes: valid exit codes.
        unreadable: whether its standard error was not kept, so that its message cannot be checked.
    """
    found = _code_problems(result, codes, unreadable=unreadable)
    if "Traceback (most recent call last)" in result.stderr + result.stdout:
        found.append(f"a traceback: {_last_line(result.stderr)}")
    if foreign := _FOREIGN.search(result.stderr):
        found.append(f"a message of a library: {result.stderr[foreign.start() :].partition(chr(10))[0][:200]}")
    for name, text in (("output", result.stdout), ("error", result.stderr)):
        if control := _CONTROL.search(text):
            found.append(f"a control character on standard {name}: {text[max(0, control.start() - 40) :][:80]!r}")
    if result.peak_memory > MAX_MEMORY:
        found.append(f"{result.peak_memory / 2**30:.1f} GiB of memory")
    return found + [f"outside its folder: {line}" for line in result.side_effects[:3]]


def _code_problems(result: Result, codes: set[int], *, unreadable: bool) -> list[str]:
    if result.code is None:
        return [f"still running after {result.seconds:.0f} s"]
    if result.code not in codes:
        return [f"exit code {result.code}, not one of {sorted(codes)}: {_last_line(result.stderr)}"]
    explained = "error:" in result.stderr or '"error"' in result.stdout
    if result.code in range(1, 9) and not unreadable and not explained:
        return [f"exit code {result.code} without an error message: {_last_line(result.stderr)}"]
    return []


def _last_line(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if line.startswith("error:")] or lines
    return lines[-1][:300] if lines else "(standard error is empty)"


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return mode, size and modification time of all paths in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (
            (stat.st_mode,) if path.is_dir() else (stat.st_mode, stat.st_size, stat.st_mtime_ns)
        )
    return found


RunCase = Callable[[random.Random, Sandbox], list[str]]


def campaign(name: str, run_case: RunCase, cases: int, folder: Path) -> list[str]:
    """Run the cases of a test, as many at once as there are cores; return one report per failing case.

    Args:
        name: of the test, as pytest takes it.
        run_case: runs one case in its sandbox with the given random numbers, and returns what is wrong.
        cases: number of cases, unless a variable overrides it.
        folder: of the sandboxes; those of failing cases are kept.
    """
    numbers = [int(ONE_CASE)] if ONE_CASE else range(CASES or cases)
    started, cpu_seconds = time.monotonic(), []

    def report(number: int) -> str:
        sandbox = Sandbox(folder / f"{SEED}-{number}")
        try:
            wrong = run_case(random.Random(f"{name} {SEED} {number}"), sandbox)
        except Exception as error:
            wrong = [f"the test itself: {type(error).__name__}: {error}"]
        cpu_seconds.append(sandbox.cpu_seconds)
        if snapshot(sandbox.outside) != sandbox.before:
            wrong.append(f"{sandbox.outside} has changed")
        if not wrong:
            if not ONE_CASE:
                shutil.rmtree(sandbox.folder, ignore_errors=True)
            return ""
        repeat = f"DLCLI_FUZZ_SEED={SEED} DLCLI_FUZZ_CASE={number} python -m pytest {name}"
        return "\n".join([f"case {number}, in {sandbox.folder}; repeat: {repeat}", *(f"    {each}" for each in wrong)])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        reports = [each for each in pool.map(report, numbers) if each]
    costs[name] = len(numbers), time.monotonic() - started, sum(cpu_seconds)
    return reports


def with_command(result: Result, wrong: Sequence[str]) -> list[str]:
    """Return what is wrong with a command, if anything, after the command itself."""
    return [result.command, *wrong] if wrong else []
