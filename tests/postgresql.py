"""A PostgreSQL server on loopback for one test; the test is skipped where it is not installed."""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest


@contextlib.contextmanager
def postgresql(folder):
    """Start a server with an empty database in a folder, and yield its URL."""
    pytest.importorskip("psycopg")
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *map(Path, filter(None, [shutil.which("initdb")]))]
    found = [place if place.is_dir() else place.parent for place in places]
    if not found:
        pytest.skip("PostgreSQL is not installed")
    programs, data = found[0], folder / "data"
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # the server refuses to run as root
    data.mkdir()
    if user:
        shutil.chown(data, "postgres")
        for parent in [folder, *folder.parents]:
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={data}"
    run = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL}
    subprocess.run([*user, programs / "initdb", "-D", data, "-U", "tests", "-A", "trust"], **run)
    control = [*user, programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "-l", data / "log", "start"], **run)
    try:
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)
