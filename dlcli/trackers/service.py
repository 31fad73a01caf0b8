"""The interface of a tracker, and how one is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from dlcli import discovery
from dlcli.errors import UsageError

_SERVICES = "dlcli.trackers.services"
_PACKAGES = ("mlflow", "wandb")  # that trackers of the same names need


@dataclasses.dataclass(frozen=True)
class Tracked:
    """A run to log.

    Attributes:
        folder: of the run.
        technique: its name.
        options: of its training, as JSON values.
        step: number of steps made before; above 0 for a resumed run, whose later records are replaced.
        out: file or folder to write to; None: the default of the tracker.
    """

    folder: Path
    technique: str
    options: Mapping[str, Any]
    step: int = 0
    out: Path | None = None


class Service(Protocol):
    """A log of one run. Times are in seconds since 1970."""

    def __init__(self, run: Tracked):
        """Open the log."""

    def metrics(self, step: int, split: str, values: Mapping[str, float], at: float) -> None:
        """Log the metrics of a report or a validation."""

    def picture(self, name: str, step: int, png: bytes, at: float) -> None:
        """Log a picture."""

    def text(self, name: str, step: int, text: str, at: float) -> None:
        """Log a text."""

    def close(self) -> str:
        """Complete the log, and return where it is."""


def load(name: str) -> type[Service]:
    """Return a tracker by its name.

    Raises:
        UsageError: its package is not installed.
    """
    require(name)
    service: type[Service] = discovery.load(_SERVICES, name).Service
    return service


def require(names: str) -> list[str]:
    """Return the trackers in a comma-separated list; imports none.

    Raises:
        UsageError: the package of one is not installed.
    """
    found = [name.strip() for name in names.split(",") if name.strip()]
    for name in found:
        if name in _PACKAGES and find_spec(name) is None:
            hint = "pip install 'dlcli[track]'"
            raise UsageError(f"tracker {name} needs the package {name}, which is not installed", hint=hint)
    return found


def package(name: str) -> Any:
    """Import the package of a tracker."""
    return import_module(name)
