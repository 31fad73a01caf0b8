"""Checks the value of an option against names that are known only after loading a run."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean


def choose(option: str, name: str, names: Sequence[str]) -> str:
    """Return `name` if it is one of `names`.

    Raises:
        UsageError: it is not; the message lists the names and suggests the nearest.
    """
    if name in names:
        return name
    raise UsageError(f"--{option} must be one of {', '.join(names)}, got {name!r}{did_you_mean(name, names)}")
