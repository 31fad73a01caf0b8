"""What an export requires of the run and of the installation."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from dlcli import techniques
from dlcli.errors import UsageError
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun


def technique(options: Export, run: TrainedRun, *names: str) -> None:
    """Raise `UsageError` if the run is not of one of these techniques."""
    if run.technique not in names:
        raise UsageError(f"--format {options.format} needs a run of {' or '.join(names)}, got one of {run.technique}")


def weights(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run is of a technique without gradient steps, such as a tokenizer."""
    if run.technique not in techniques.having("resume"):
        raise UsageError(f"a run of {run.technique} has no weights for --format {options.format}")


def package(name: str, extra: str = "export") -> Any:
    """Import an optional package.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.split(".")[0]:
            raise
        raise _missing(name, extra) from error


def installed(name: str, extra: str = "export") -> None:
    """Raise `UsageError` if an optional package is not installed; does not import it."""
    if find_spec(name) is None:
        raise _missing(name, extra)


def _missing(name: str, extra: str) -> UsageError:
    hint = f"pip install 'dlcli[{extra}]'"
    return UsageError(f"this export needs the package {name}, which is not installed", hint=hint)
