"""Draws cases from a seed, runs each in a process of its own, and holds all of them to the same rules.

A case is a function of the seed and its number alone. Three variables change what is tried:

    DLCLI_FUZZ_SEED=7     another seed (default 0)
    DLCLI_FUZZ_CASES=20   the number of cases of each test, however long they take
    DLCLI_FUZZ_CASE=113   this one case, whose folder then stays; a case that fails says how to repeat it alone
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
ONE = os.environ.get("DLCLI_FUZZ_CASE")

PATIENCE = 120  # seconds for a command; far more than any here takes on a quiet machine
ROOM = 6 * 2**30  # bytes of address space beyond what the warm process has
MOST = 3 * 2**30  # bytes of memory that no small input may take
CLOSED, BROKEN, FULL = "closed", "broken", "/dev/full"  # streams: none, a pipe nobody reads, a full disk
ENDS = {0, 2, 3, 4, 5, 6, 7, 8}  # exit codes of a command that nobody interrupts
_PYTHON = ("-m", "dlcli")
_FOREIGN = re.compile(r"^([EWF]\d{4} |WARNING:|ERROR:|Exception ignored|\S+\.py:\d+: \w*Warning)", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        command: as a shell takes it.
        code: exit code, a signal's number negated, or None for a command that had to be killed.
        out, err: bytes of the standard streams, where they went into files.
        seconds: from start to end.
        peak: bytes of memory at most.
        busy: seconds of processor time.
        noted: what it did outside its folder, a line each.
    """

    command: str
    code: int | None
    out: bytes
    err: bytes
    seconds: float
    peak: int
    busy: float
    noted: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.out.decode(errors="replace")

    @property
    def told(self) -> str:
        return self.err.decode(errors="replace")

    def answers(self) -> list[Any]:
        """Return the JSON objects on standard output, one a line; raises ValueError where a line is none."""
        return [json.loads(line) for line in self.text.split("\n") if line]


class Place:
    """The folder of a case: `work` is where commands start, `home` and `tmp` are the user's, `near` nobody's."""

    def __init__(self, folder: Path, *, cache: Path | None = None):
        self.folder, self.work, self.near = folder, folder / "work", folder / "near"
        self.cache = cache or Path(os.environ["DLCLI_CACHE"])
        for each in (self.work, folder / "home", folder / "tmp", folder / "logs", self.near):
            each.mkdir(parents=True, exist_ok=True)
        (self.near / "thesis.txt").write_text("years of work")
        self.before = snapshot(self.near)
        self.busy, self._numbers = 0.0, itertools.count(1)

    def environment(self, more: Mapping[str, str | None] = {}) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(("JAX", "XLA", "PATH", "PYTHONP"))}
        made = {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "DLCLI_CACHE": str(self.cache),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        return {name: value for name, value in {**kept, **made, **more}.items() if value is not None}

    def start(self, *arguments: object, **how: Any) -> Process:
        return Process(self, next(self._numbers), [str(each) for each in arguments], **how)

    def run(self, *arguments: object, limit: float = PATIENCE, **how: Any) -> Outcome:
        return self.start(*arguments, **how).wait(limit)


class Process:
    """A command that runs."""

    def __init__(
        self,
        place: Place,
        number: int,
        arguments: Sequence[str],
        *,
        stdin: bytes | str = b"",
        stdout: str = "",
        stderr: str = "",
        environment: Mapping[str, str | None] = {},
        encoding: str = "utf-8",
        fresh: Sequence[str] | bool = False,
    ):
        """Start it; a stream is a file in the logs unless another is named, and `fresh` takes a new interpreter."""
        logs = place.folder / "logs"
        self.place, self.arguments = place, arguments
        self._out, self._err, self._log = (logs / f"{number}.{end}" for end in ("out", "err", "log"))
        if isinstance(stdin, bytes):
            (logs / f"{number}.in").write_bytes(stdin)
            stdin = str(logs / f"{number}.in")
        request = {
            "cwd": str(place.work),
            "arguments": arguments,
            "environment": place.environment(environment),
            "streams": [stdin, stdout or str(self._out), stderr or str(self._err)],
            "log": str(self._log),
            "room": ROOM,
            "encoding": encoding,
            "fresh": list(_PYTHON if fresh is True else fresh or ()),
            "allowed": [str(place.folder), str(place.folder.resolve()), str(place.cache), "/dev/"],
        }
        self.began, self._read = time.monotonic(), b""
        self._connection = warm().connect()
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(self._line())

    def send(self, number: int) -> bool:
        """Send a signal; tell whether the process was still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def error(self) -> bytes:
        """Return what it has said on standard error so far."""
        return self._err.read_bytes() if self._err.exists() else b""

    def ended(self, seconds: float) -> bool:
        """Wait so long for its end, and tell whether it came."""
        return bool(self._read) or bool(select.select([self._connection], [], [], max(0, seconds))[0])

    def wait(self, limit: float = PATIENCE) -> Outcome:
        self._connection.settimeout(max(0.1, limit - (time.monotonic() - self.began)))
        try:
            ended = json.loads(self._line())
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._connection.settimeout(30)
            ended = {**json.loads(self._line()), "code": None}
        self._connection.close()
        streams = [path.read_bytes() if path.is_file() else b"" for path in (self._out, self._err)]
        noted = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        seconds = time.monotonic() - self.began
        self.place.busy += ended["busy"]
        told = tuple(dict.fromkeys(noted))
        return Outcome(self.command(), ended["code"], *streams, seconds, ended["peak"], ended["busy"], told)

    def command(self) -> str:
        """Return the command as a shell takes it."""
        words = " ".join(shlex.quote(word) if word.isprintable() else f"$'{_escaped(word)}'" for word in self.arguments)
        return f"cd {self.place.work} && dlcli {words}"

    def _line(self) -> bytes:
        """Return the next line of what the warm process says of this one."""
        while b"\n" not in self._read:
            more = self._connection.recv(1024)
            if not more:
                self._connection.close()
                raise EOFError(f"the warm process has lost {self.command()}")
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line


def _escaped(word: str) -> str:
    found = "".join(
        chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in os.fsencode(word.replace("\\", "\\\\"))
    )
    return found.replace("'", "\\'")


class Warm:
    """The process that cases are forked from."""

    def __init__(self, folder: Path):
        self.path = str(folder / "warm")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen(64)
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.warm", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=environment,
            )

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(self.path)
        return connection

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


_warm: list[Warm] = []
costs: dict[str, tuple[int, float, float]] = {}  # of each test: cases, seconds, and seconds of processor time


def warm() -> Warm:
    return _warm[0]


@contextlib.contextmanager
def warmed(folder: Path) -> Iterator[None]:
    """Keep the warm process for as long as the block lasts."""
    _warm.append(Warm(folder))
    try:
        yield
    finally:
        _warm.pop().end()


def faults(found: Outcome, ends: set[int] = ENDS, *, silent: bool = False) -> list[str]:
    """Return what breaks the rules that every command must keep.

    Args:
        found: how it ended.
        ends: exit codes that are right.
        silent: whether its words went nowhere, so that they cannot be asked for.
    """
    wrong = _of_code(found, ends, silent=silent)
    if "Traceback (most recent call last)" in found.told + found.text:
        wrong.append(f"a traceback: {_last(found.told)}")
    if foreign := _FOREIGN.search(found.told):
        wrong.append(f"a library's own words: {found.told[foreign.start() :].partition(chr(10))[0][:200]}")
    for name, text in (("output", found.text), ("error", found.told)):
        if control := _CONTROL.search(text):
            wrong.append(f"a control character on standard {name}: {text[max(0, control.start() - 40) :][:80]!r}")
    if found.peak > MOST:
        wrong.append(f"{found.peak / 2**30:.1f} GiB of memory")
    return wrong + [f"outside its folder: {line}" for line in found.noted[:3]]


def _of_code(found: Outcome, ends: set[int], *, silent: bool) -> list[str]:
    if found.code is None:
        return [f"it had not ended after {found.seconds:.0f} s"]
    if found.code not in ends:
        return [f"exit code {found.code}, not one of {sorted(ends)}: {_last(found.told)}"]
    if found.code in range(1, 9) and not silent and "error:" not in found.told and '"error"' not in found.text:
        return [f"exit code {found.code} and no word why: {_last(found.told)}"]
    return []


def _last(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if line.startswith("error:")] or lines
    return lines[-1][:300] if lines else "(nothing on standard error)"


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return what lies in a folder: for each path its kind, size and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        found[str(path.relative_to(folder))] = (
            (about.st_mode,) if path.is_dir() else (about.st_mode, about.st_size, about.st_mtime_ns)
        )
    return found


Attempt = Callable[[random.Random, Place], list[str]]


def campaign(name: str, attempt: Attempt, cases: int, folder: Path, cache: Path | None = None) -> list[str]:
    """Carry out the cases of a test, as many at once as there are cores; return a text for each that fails.

    Args:
        name: of the test, as pytest takes it.
        attempt: does a case in its place with the numbers it draws, and returns what is wrong.
        cases: how many, unless a variable says otherwise.
        folder: for the cases; that of one that fails stays.
        cache: what the cases use instead of the usual cache.
    """
    numbers = [int(ONE)] if ONE else range(CASES or cases)
    began, busy = time.monotonic(), []

    def carry_out(number: int) -> str:
        place = Place(folder / f"{SEED}-{number}", cache=cache)
        try:
            wrong = attempt(random.Random(f"{name} {SEED} {number}"), place)
        except Exception as error:
            wrong = [f"the test itself: {type(error).__name__}: {error}"]
        busy.append(place.busy)
        if snapshot(place.near) != place.before:
            wrong.append(f"{place.near} is not as it was")
        if not wrong:
            if not ONE:
                shutil.rmtree(place.folder, ignore_errors=True)
            return ""
        repeat = f"DLCLI_FUZZ_SEED={SEED} DLCLI_FUZZ_CASE={number} python -m pytest {name}"
        return "\n".join([f"case {number}, in {place.folder}; again: {repeat}", *(f"    {each}" for each in wrong)])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        reports = [report for report in pool.map(carry_out, numbers) if report]
    costs[name] = len(numbers), time.monotonic() - began, sum(busy)
    return reports


def said(found: Outcome, wrong: Sequence[str]) -> list[str]:
    """Put the command before what is wrong with it, where anything is."""
    return [found.command, *wrong] if wrong else []
