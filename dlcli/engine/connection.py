"""Connects the processes of a run: jax's coordination service, with bounded waits and one line for each failure.

The C++ client of the service ends a process by `abort` and a stack trace if it cannot connect, or loses process 0. Both
are replaced: messages of C++ are discarded, and a handler of SIGABRT reports the failure and exits.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import jax

from dlcli import processes
from dlcli.errors import LostError, UsageError
from dlcli.processes import Processes

HEARTBEAT_SECONDS = 20  # without a heartbeat, after which a process counts as lost
_CONNECT_SECONDS = 60
_SHUTDOWN_SECONDS = 10
_RETRY_SECONDS = 0.5
_CHandler = ctypes.CFUNCTYPE(None, ctypes.c_int)
_handlers: list[Any] = []  # C code refers to them


def connect(found: Processes, on_abort: Callable[[LostError], None], on_connected: Callable[[Any, int], None]) -> None:
    """Connect this process to the others, before jax computes.

    Args:
        found: the processes of the run.
        on_abort: called if C++ code aborts the process; must end it.
        on_connected: called with the client of the coordination service and the number of processes, before their
            devices are connected: jax waits two minutes for those of a process that is lost now.

    Raises:
        LostError: the others did not connect within `DLCLI_CONNECT_TIMEOUT` seconds.
        UsageError: process 0 cannot listen at its address.
    """
    limit = processes.seconds("DLCLI_CONNECT_TIMEOUT", _CONNECT_SECONDS)
    end = time.monotonic() + limit
    if found.follows and found.coordinator:
        _await_listener(found.coordinator, end, limit)
    elif found.coordinator:
        _require_free_port(found.coordinator)
    failure = LostError(
        f"process {found.index}: not all {found.count or ''} processes connected within {limit} s".replace("  ", " "),
        hint="start all of them with the same coordinator; DLCLI_CONNECT_TIMEOUT=SECONDS allows more time",
    )
    _handle_abort(lambda: on_abort(failure))
    jax.config.update("jax_enable_recoverability", True)  # others are not aborted; `dlcli.engine.group` ends them
    jax.config.update("jax_enable_preemption_service", False)  # it would take over SIGTERM
    with _silent_cpp(always=found.follows):
        try:
            _initialize(found, max(1, round(end - time.monotonic())))
            from jax._src.distributed import global_state  # the client of the service has no public name

            on_connected(global_state.client, int(global_state.num_processes))
            jax.devices()  # connects the devices of all processes
        except (RuntimeError, ValueError, OSError) as error:
            raise LostError(f"{failure}: {str(error).splitlines()[0]}", hint=failure.hint) from error
    lost = LostError(f"process 0 was lost: it ended, or did not respond for {HEARTBEAT_SECONDS} s")
    _handle_abort(lambda: on_abort(lost))


def _initialize(found: Processes, timeout: int) -> None:
    known: dict[str, Any] = {"num_processes": found.count, "process_id": found.index} if found.count else {}
    if found.coordinator:
        # Without this, jax would give each process of a launcher one GPU only if it detects the launcher.
        known |= {"coordinator_address": found.coordinator, "coordinator_bind_address": _bind(found.coordinator)}
        known |= {"cluster_detection_method": "deactivate"} if found.source == processes.COORDINATOR else {}
    jax.distributed.initialize(
        **known,
        initialization_timeout=timeout,
        heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        shutdown_timeout_seconds=_SHUTDOWN_SECONDS,
    )


def _bind(address: str) -> str:
    """Return the address at which process 0 listens: all interfaces, or the loopback interface alone."""
    host, port = processes.split_address(address)
    return f"127.0.0.1:{port}" if host in ("127.0.0.1", "localhost") else f"[::]:{port}"


def _await_listener(address: str, end: float, limit: int) -> None:
    """Wait until something listens at the address; raise `LostError` at the time `end`."""
    host, port = processes.split_address(address)
    reason = "no answer"
    while (left := end - time.monotonic()) > 0:
        try:
            socket.create_connection((host, port), timeout=min(left, 5.0)).close()
            return
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            time.sleep(_RETRY_SECONDS)
    raise LostError(
        f"no coordinator at {address} within {limit} s: {reason}",
        hint=f"process 0 must run on that host; {processes.COORDINATOR} is its HOST:PORT",
    )


def _require_free_port(address: str) -> None:
    """Raise `UsageError` if process 0 cannot listen at the port of its address."""
    host, port = processes.split_address(_bind(address))
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"process 0 cannot listen at port {port} of {processes.COORDINATOR}: {reason}") from error


def _handle_abort(action: Callable[[], None]) -> None:
    """Call `action` when C++ code aborts the process."""

    def handle(number: int) -> None:
        try:
            action()
        finally:
            os._exit(LostError.exit_code)

    handler = _CHandler(handle)
    _handlers.append(handler)
    install = ctypes.CDLL(None).signal
    install.argtypes, install.restype = [ctypes.c_int, _CHandler], ctypes.c_void_p
    install(signal.SIGABRT, handler)


@contextmanager
def _silent_cpp(*, always: bool) -> Iterator[None]:
    """Discard what C++ code writes to standard output from now on, and to standard error within the block, or `always`.

    Gloo, which connects CPUs, prints to standard output; Python keeps writing to both streams.
    """
    error = sys.stderr
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout, sys.stderr = (_moved(stream, number, nowhere) for number, stream in ((1, sys.stdout), (2, sys.stderr)))
    os.close(nowhere)
    try:
        yield
    finally:
        if not always:
            os.dup2(sys.stderr.fileno(), 2)
            sys.stderr = error


def _moved(stream: TextIO, number: int, nowhere: int) -> TextIO:
    """Return a stream to where `number` leads now, and let `number` lead nowhere."""
    stream.flush()
    kept = os.dup(number)
    os.dup2(nowhere, number)
    return os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
