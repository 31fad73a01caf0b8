"""Names that a command may choose from."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean


def chosen(option: str, name: str, names: Sequence[str]) -> str:
    """Return a name if it is one of those there are.

    Raises:
        UsageError: it is not; the message has the nearest one and all.
    """
    if name in names:
        return name
    raise UsageError(f"--{option} must be one of {', '.join(names)}, got {name!r}{did_you_mean(name, names)}")
