"""The warm process: it has imported jax and all of dlcli and computed nothing, so that a fork of it starts at once.

For each connection it forks a nanny, which forks the case, says its process id, waits for it, and says how it ended.
A case runs dlcli in the fork, or, where a start-up is to be tried, in a new interpreter.
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

_BROKEN, _CLOSED = "broken", "closed"  # streams that are no files: a pipe nobody reads, and none at all
_LARGEST_FILE = 2**30  # bytes
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events of what changes files, with the places of the paths among their arguments.
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
_HARMLESS = ("git", "lscpu", "/sbin/ldconfig")  # programs that dlcli and its libraries ask


def serve(listener: socket.socket) -> None:
    """Answer connections until standard input ends, as it does with the process that started this one."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nannies need not be waited for
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _watch_over(connection)
            os._exit(0)
        connection.close()


def _import_everything() -> None:
    """Import dlcli, and what it loads only where it is needed."""
    import dlcli

    sys.dont_write_bytecode = True
    for name in ("mmap", "rich.progress", "rich.markdown", "sklearn.datasets", "sklearn.manifold", "typer.rich_utils"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(dlcli.__path__, "dlcli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _watch_over(connection: socket.socket) -> None:
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _case(request)
    connection.sendall(f"{pid}\n".encode())
    _, status, usage = os.wait4(pid, 0)
    ended = {
        "code": os.waitstatus_to_exitcode(status),
        "peak": usage.ru_maxrss * 1024,
        "busy": usage.ru_utime + usage.ru_stime,
    }
    connection.sendall(json.dumps(ended).encode() + b"\n")


def _case(request: dict[str, Any]) -> None:
    """Become the case; never returns."""
    code = 1
    try:
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, place in enumerate(request["streams"]):
            _open(number, place)
        _limit(request["room"])
        if request["fresh"]:
            os.execve(sys.executable, [sys.executable, *request["fresh"], *request["arguments"]], os.environ)
        _wrap_streams(request["encoding"])
        sys.addaudithook(_Watch(log, request["allowed"]))
        code = _main(request["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _open(number: int, place: str) -> None:
    """Make a standard stream of what the request names."""
    if place == _CLOSED:
        os.close(number)
        return
    if place == _BROKEN:
        reader, handle = os.pipe()
        os.close(reader)
    elif number == 0:
        handle = os.open(place, os.O_RDONLY)
    else:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, number)
    if handle != number:
        os.close(handle)


def _limit(room: int) -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, bound in (
        (resource.RLIMIT_AS, size + room),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))


def _wrap_streams(encoding: str) -> None:
    """Give Python its standard streams as a new interpreter would have them."""
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
    """Run the program and end as an interpreter does; return the exit code."""
    from dlcli.cli.app import main

    sys.argv = ["dlcli", *arguments]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
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


class _Watch:
    """Notes what Python writes outside the folders that are allowed, and what could run code."""

    def __init__(self, log: int, allowed: list[str]):
        self.log, self.allowed, self.here = log, tuple(allowed), os.getcwd()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITES:
                self._note(event, path)
        elif event in _CHANGES:
            for place in _CHANGES[event]:
                self._note(event, arguments[place])
        elif event in _CODE and not str(arguments[0]).endswith(_HARMLESS):
            os.write(self.log, f"{event} {arguments[:2]!r:.200}\n".encode(errors="replace"))

    def _note(self, event: str, path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        name = os.fsdecode(path)
        where = os.path.normpath(os.path.join(self.here, name))
        if not where.startswith(self.allowed) and not os.path.realpath(where).startswith(self.allowed):
            os.write(self.log, f"{event} {where!r}\n".encode(errors="replace"))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
