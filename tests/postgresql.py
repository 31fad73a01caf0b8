"""A PostgreSQL server on loopback for one test; the test is skipped where it is not installed."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest


@contextlib.contextmanager
def postgresql():
    """Start a server with an empty database, and yield its URL."""
    pytest.importorskip("psycopg")
    found = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *(Path(each).parent for each in [shutil.which("initdb")] if each),
    ]
    if not found:
        pytest.skip("PostgreSQL is not installed")
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # the server refuses to run as root
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        if user:
            shutil.chown(folder, "postgres")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        run = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL}
        data = Path(folder, "data")
        subprocess.run([*user, found[0] / "initdb", "-D", data, "-U", "tests", "-A", "trust"], **run)
        control = [*user, found[0] / "pg_ctl", "-D", data, "-w"]
        subprocess.run([*control, "-o", options, "-l", Path(folder, "log"), "start"], **run)
        try:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run)
