"""Values as users write them: each function turns one into what the program counts with, or raises ValueError."""

import os
from typing import Any

from dlcli.options.augmentations import parse_augmentation


def duration(value: Any) -> Any:
    """Turn "90s", "10m" and "1.5h" into seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    if isinstance(value, str) and value[-1:] in units:
        try:
            return float(value[:-1]) * units[value[-1]]
        except ValueError:
            raise ValueError("must be a number of seconds, or a number with s, m or h") from None
    return value


def memory(value: Any) -> Any:
    """Turn "512M" and "2G" into bytes."""
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    if isinstance(value, str) and value[-1:].upper() in units:
        try:
            return int(float(value[:-1]) * units[value[-1].upper()])
        except ValueError:
            raise ValueError("must be a number of bytes, or a number with K, M or G") from None
    return value


def named(value: str) -> str:
    """Refuse the empty name of a data set."""
    # As a path the empty text is the current folder, which nobody means who gives a variable that is not set.
    if not value:
        raise ValueError("must name a data set")
    return value


def run_name(value: str | None) -> str | None:
    """Refuse what no folder under `runs/` can be called."""
    if value is not None and (
        value.startswith((".", "-")) or not value.strip() or set(value) & {"/", "\\", "\0", "\n"}
    ):
        raise ValueError("must be a name without slashes that does not begin with a dot or a dash")
    if value is not None and len(os.fsencode(value)) > 255:
        raise ValueError("must have at most 255 bytes")
    return value


def augmentation(value: str) -> str:
    """Refuse what `parse_augmentation` cannot read."""
    parse_augmentation(value)
    return value
