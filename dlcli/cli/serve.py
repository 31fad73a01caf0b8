"""Serve a page to play with a run, and a JSON API: `dlcli serve RUN`."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import typer

from dlcli.cli import console, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.interrupts import CODES, handled
from dlcli.serve.options import LOOPBACK, SURFACES, Serve
from dlcli.techniques import opening

_STOP_SECONDS = 10  # that requests have to finish after a signal


def commands() -> Iterator[verbs.Entry]:
    """Yield the command."""
    yield verbs.of_model(Serve, run)


def run(options: Serve, call: Call) -> None:
    """Load the run, print the address, and serve until a signal."""
    for package in ("starlette", "uvicorn"):
        if find_spec(package) is None:
            raise UsageError(
                f"dlcli serve needs the package {package}, which is not installed", hint="pip install 'dlcli[serve]'"
            )
    trained = None
    if options.run != SURFACES:
        options, trained = opening.opened(options, "", "serve")
    if options.host not in LOOPBACK and not options.token:
        options = options.model_copy(update={"token": secrets.token_urlsafe(24)})
    listening = _socket(options)
    progress.load_jax()
    from dlcli.engine.devices import prepare
    from dlcli.serve import subject
    from dlcli.serve.app import application

    prepare(options.device)
    app = application(options, subject.of_run(trained) if trained else subject.surfaces())
    if trained:
        with progress.working("loading the weights"):
            trained.learner  # noqa: B018 the property loads them
    _serve(app, listening, _address(options, listening), options, call)


def _serve(app: Any, listening: socket.socket, address: str, options: Serve, call: Call) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            return contextlib.nullcontext()  # dlcli handles them

    quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    # The loop is that of the standard library: uvloop would take the signals over.
    server = Server(uvicorn.Config(app, loop="asyncio", timeout_graceful_shutdown=_STOP_SECONDS, **quiet))

    def stop(name: str) -> None:
        server.should_exit = True
        console.err().print(f"{name}: stopping after the requests in progress; again: stop now")

    with handled() as signals:
        signals.on_signal = stop
        if call.json:
            console.print_json({"url": address, "token": options.token or None})
        else:
            console.write(address)
            console.err().print("Ctrl-C stops the server")
        server.run(sockets=[listening])
        if code := CODES.get(signals.caught or ""):
            raise typer.Exit(code)


def _socket(options: Serve) -> socket.socket:
    """Return a socket that listens, before anything is loaded."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(place)
            found.listen()
        except OSError:
            found.close()
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"cannot listen on {options.host}, port {options.port}: {reason}", hint="--port 0 takes any free port"
        ) from error
    return found


def _address(options: Serve, listening: socket.socket) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    query = f"?token={options.token}" if options.token else ""
    return f"http://{host}:{listening.getsockname()[1]}/{query}"
