"""Names that someone may have meant: the one search for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from dlcli.errors import UsageError

_ALIKE = 0.6  # share of characters that two names have in common; below it a suggestion is a guess


def nearest(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """Return the names most like `name`, the best first; capitals, hyphens and underscores make no difference."""
    by_key: dict[str, list[str]] = {}
    for each in names:
        by_key.setdefault(_key(each), []).append(each)
    # A name of many characters takes long to compare, and is like none.
    keys = get_close_matches(_key(name[:200]), by_key, n=most, cutoff=_ALIKE)
    return [each for key in keys for each in by_key[key]][:most]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean 'adam'?" for the end of a message, or nothing where no name is near."""
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
