"""Names that a command may choose from."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from dlcli.errors import UsageError


def chosen(option: str, name: str, names: Sequence[str]) -> str:
    """Return a name if it is one of those there are.

    Raises:
        UsageError: it is not; the message has the nearest one and all.
    """
    if name in names:
        return name
    near = get_close_matches(name, names, n=1, cutoff=0.3)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"--{option} must be one of {', '.join(names)}, got {name!r}{meant}")
