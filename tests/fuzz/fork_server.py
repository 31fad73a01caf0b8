"""Imports jax and all of dlcli without computing anything, and forks one process per command, which starts at once.

For each connection it forks a supervisor, which forks the command, sends its process id, waits for it, and sends its
result. A command runs dlcli in the fork, or in a new interpreter if the start of the program is tested.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

_BROKEN, _CLOSED = "broken", "closed"  # as in the harness, which this process does not import
_MAX_FILE = 2**30  # bytes
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events that change files, with the positions of the paths among their arguments.
_CHANGES = {
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
}
_CODE = {"pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen"}
_HARMLESS = ("git", "lscpu", "/sbin/ldconfig")  # programs that dlcli and its libraries start


def serve(listener: socket.socket) -> None:
    """Accept connections until standard input is closed, which happens when the parent process ends."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors leave no zombies
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _supervise(connection)
            os._exit(0)
        connection.close()


def _import_everything() -> None:
    """Import dlcli, and the modules that it imports lazily."""
    import dlcli

    sys.dont_write_bytecode = True
    for name in ("mmap", "rich.progress", "rich.markdown", "sklearn.datasets", "sklearn.manifold", "typer.rich_utils"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(dlcli.__path__, "dlcli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _supervise(connection: socket.socket) -> None:
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _run_command(request)
    connection.sendall(f"{pid}\n".encode())
    _, status, usage = os.wait4(pid, 0)
    result = {
        "code": os.waitstatus_to_exitcode(status),
        "peak_memory": usage.ru_maxrss * 1024,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }
    connection.sendall(json.dumps(result).encode() + b"\n")


def _run_command(request: dict[str, Any]) -> None:
    """Run the command and exit; never return."""
    code = 1
    try:
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, target in enumerate(request["streams"]):
            _open(number, target)
        _limit(request["address_space"])
        if request["interpreter"]:
            os.execve(sys.executable, [sys.executable, *request["interpreter"], *request["arguments"]], os.environ)
        _wrap_streams(request["encoding"])
        sys.addaudithook(_AuditHook(log, request["allowed"]))
        code = _main(request["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _open(number: int, target: str) -> None:
    """Open the target of a standard stream: a path, `closed` or `broken`."""
    if target == _CLOSED:
        os.close(number)
        return
    if target == _BROKEN:
        reader, handle = os.pipe()
        os.close(reader)
    elif number == 0:
        handle = os.open(target, os.O_RDONLY)
    else:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, number)
    if handle != number:
        os.close(handle)


def _limit(address_space: int) -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, limit in (
        (resource.RLIMIT_AS, size + address_space),
        (resource.RLIMIT_FSIZE, _MAX_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _wrap_streams(encoding: str) -> None:
    """Open the standard streams of Python as a new interpreter does."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            setattr(sys, name, None)
            continue
        raw = os.fdopen(number, "rb" if number == 0 else "wb", closefd=False)
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = io.TextIOWrapper(raw, encoding, errors, line_buffering=name == "stderr")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _main(arguments: list[str]) -> int:
    """Run the program and shut down as an interpreter does; return the exit code."""
    from dlcli.cli.app import main

    sys.argv = ["dlcli", *arguments]
    code = 1
    try:
        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 120  # as the interpreter does
    return code


class _AuditHook:
    """Logs writes outside the allowed folders, and anything that could run code."""

    def __init__(self, log: int, allowed: list[str]):
        self.log, self.allowed, self.cwd = log, tuple(allowed), os.getcwd()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITES:
                self._check(event, path)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                self._check(event, arguments[position])
        elif event in _CODE and not str(arguments[0]).endswith(_HARMLESS):
            os.write(self.log, f"{event} {arguments[:2]!r:.200}\n".encode(errors="replace"))

    def _check(self, event: str, path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        full = os.path.normpath(os.path.join(self.cwd, os.fsdecode(path)))
        if not full.startswith(self.allowed) and not os.path.realpath(full).startswith(self.allowed):
            os.write(self.log, f"{event} {full!r}\n".encode(errors="replace"))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
