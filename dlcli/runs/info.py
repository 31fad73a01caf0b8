"""`run.json`: format version, command line, package versions, device, data digest, sessions, and how the run ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from dlcli import __version__
from dlcli.runs.metrics_log import Number

FORMAT = 2  # of run folders; raise it when parameter paths, metric names or options change incompatibly
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "tokenizers")
_EXAMPLE = 60  # characters of an example input that a hint repeats


class DataInfo(BaseModel):
    """The data of the run: its name, the digest of its training split, and examples per split."""

    dataset: str = "?"
    digest: str | None = None
    sizes: dict[str, int] = {}


class SessionInfo(BaseModel):
    """One resumption of the run."""

    from_step: int | None = None
    created: str | None = None


class Outcome(BaseModel):
    """How the run ended."""

    reason: str = "?"
    step: int | None = None
    best_step: int | None = None
    best: dict[str, Number] = {}
    last: dict[str, Number] = {}
    seconds: float | None = None


class RunInfo(BaseModel):
    """The entries of `run.json` that dlcli reads.

    Attributes:
        format: version of the run folder; folders older than the key are version 1.
        technique: checked by `technique_of`.
        cwd: working directory of the command that started the run; relative paths in its options start there.
        note: of the user.
    """

    format: int = 1
    technique: Any = None
    created: str | None = None
    cwd: str | None = None
    note: str = ""
    parameters: int | None = None
    device: str | None = None
    dtype: str | None = None
    versions: dict[str, str] = {}
    data: DataInfo = DataInfo()
    sessions: list[SessionInfo] = []
    ended: Outcome | None = None


class Described(Protocol):
    """Data that a run is trained on."""

    @property
    def sizes(self) -> Mapping[str, int]: ...

    @property
    def digest(self) -> str: ...

    @property
    def example(self) -> str: ...


def new_info(technique: str, dataset: str, data: Described, **more: Any) -> dict[str, Any]:
    """Return the entries of `run.json` of a new run.

    Args:
        technique: its name.
        dataset: as the options name it.
        data: what is trained on.
        more: further entries.
    """
    return {
        "technique": technique,
        **environment(),
        **more,
        "data": {"dataset": dataset, "digest": data.digest, "sizes": dict(data.sizes)},
        "example": shorten_example(data.example),
    }


def environment() -> dict[str, Any]:
    """Return what identifies this process: command line, package versions, working directory and its git commit."""
    return {
        "command": sys.argv,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {
            "dlcli": __version__,
            "python": sys.version.split()[0],
            **{name: version(name) for name in _PACKAGES},
        },
        "cwd": _working_directory(),
        "commit": _commit(),
    }


def shorten_example(example: str) -> str:
    """Return the first line of an example input, cut after a word if it is long, for a hint; keep a path whole."""
    line = next((line.strip() for line in example.splitlines() if line.strip()), "")
    if len(line) <= _EXAMPLE or os.path.exists(line):
        return line
    return line[:_EXAMPLE].rsplit(" ", 1)[0]


def _working_directory() -> str | None:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it has been removed
        return None


def _commit() -> str | None:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
