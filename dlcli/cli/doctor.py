"""Show this machine, its devices and versions: `dlcli doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dlcli import __version__, processes
from dlcli.artifacts import Table
from dlcli.cli import output, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.options.common import Options
from dlcli.paths import cache_folder, runs_folder

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "tensorflow", "numpy")


class Doctor(Options):
    """Show this machine, its devices and versions."""

    panel = "General"


def commands() -> Iterator[verbs.Entry]:
    """Yield the command."""
    yield verbs.of_model(Doctor, run)


def run(options: Doctor, call: Call) -> None:
    """Print what a bug report should include."""
    found = survey()
    rows = [(name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in found.items()]
    output.write(Table("", ["property", "value"], rows, found), call)


def survey() -> dict[str, Any]:
    """Return the properties of this machine that dlcli depends on, by name."""
    with progress.importing():
        import jax

        from dlcli.engine.devices import prepare
    prepare("auto", join=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "dlcli": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": f"{memory / 2**30:.1f} GiB",
        "devices": [f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()],
        "processes": _processes(jax.process_count()),
        "runs folder": f"{runs_folder().absolute()}, {shutil.disk_usage('.').free / 2**30:.1f} GiB free",
        "cache folder": str(cache_folder()),
        **{name: _version(name) for name in PACKAGES},
    }


def _processes(count: int) -> str:
    """Return how many processes are connected, and what describes them."""
    found = processes.found()
    if not found.several:
        return f"1; {processes.COORDINATOR} and a launcher describe no others"
    return f"{count}, described by {found.source}; this is process {found.index}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
