"""Suggestions for a misspelled name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from dlcli.errors import UsageError

_CUTOFF = 0.6  # similarity of two names, in [0, 1]; below it a suggestion is a guess


def nearest(name: str, names: Iterable[str], count: int = 1) -> list[str]:
    """Return the `count` names most similar to `name`, the best first; ignores case and - or _."""
    by_key: dict[str, list[str]] = {}
    for each in names:
        by_key.setdefault(_key(each), []).append(each)
    # Comparing a very long name takes long, and it is similar to none.
    keys = get_close_matches(_key(name[:200]), by_key, n=count, cutoff=_CUTOFF)
    return [each for key in keys for each in by_key[key]][:count]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean 'adam'?" for the end of a message, or "" if no name is similar."""
    near = nearest(name, names)
    return f"; did you mean {near[0]!r}?" if near else ""


def chosen(label: str, name: str, names: Collection[str]) -> str:
    """Return a name that is one of `names`.

    Args:
        label: what the name is given by, such as "--layer".
        name: as the user gave it.
        names: those to choose from.

    Raises:
        UsageError: it is none of them; the message has the nearest one and all.
    """
    if name in names:
        return name
    raise UsageError(f"{label} must be one of {', '.join(names)}, got {name!r}{did_you_mean(name, names)}")


def _key(name: str) -> str:
    return name.lower().replace("_", "-")
