"""Values as users write them: each function parses one, or raises ValueError with what it must be."""

import os
from typing import Any

from dlcli.options.augmentations import DIFFERENTIABLE, parse_augmentation

TRACKERS = ("tensorboard", "mlflow", "wandb")
_BYTES = {"G": 2**30, "M": 2**20, "K": 2**10}
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def duration(value: Any) -> Any:
    """Return "90s", "10m" or "1.5h" in seconds; other values unchanged."""
    if isinstance(value, str) and value[-1:] in _SECONDS:
        try:
            return float(value[:-1]) * _SECONDS[value[-1]]
        except ValueError:
            raise ValueError("must be a number of seconds, or a number with s, m or h") from None
    return value


def byte_count(value: Any) -> Any:
    """Return "512M" or "2G" in bytes; other values unchanged."""
    if isinstance(value, str) and value[-1:].upper() in _BYTES:
        try:
            return int(float(value[:-1]) * _BYTES[value[-1].upper()])
        except ValueError:
            raise ValueError("must be a number of bytes, or a number with K, M or G") from None
    return value


def bytes_text(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it, as `byte_count` reads it: 2G, 512M, 1000."""
    unit = next((unit for unit, size in _BYTES.items() if count and count % size == 0), "")
    return f"{count // _BYTES.get(unit, 1)}{unit}"


def example_count(value: Any) -> Any:
    """Return "all" as 0; other values unchanged."""
    return 0 if value == "all" else value


def examples_text(count: int) -> str:
    """Return a number of examples as `example_count` reads it."""
    return str(count) if count else "all"


def dataset_name(value: str) -> str:
    """Refuse the empty name of a data set."""
    # As a path, the empty text is the current folder: an unset variable would silently train on it.
    if not value:
        raise ValueError("must name a data set")
    return value


def layer_sizes(value: str) -> str:
    """Refuse what `parse_sizes` cannot parse."""
    parse_sizes(value)
    return value


def parse_sizes(value: str) -> tuple[int, ...]:
    """Return the numbers of units in "64,64"; () for "none".

    Raises:
        ValueError: a number is missing or too large, or there are too many.
    """
    if value == "none":
        return ()
    parts = value.split(",")
    if not all(part.strip().isdecimal() and 1 <= int(part) <= 65_536 for part in parts) or len(parts) > 64:
        raise ValueError("must be up to 64 numbers of units such as 64,64, each from 1 to 65536, or none")
    return tuple(map(int, parts))


def rope_scaling(value: str) -> str:
    """Refuse what `parse_rope_scaling` cannot parse."""
    parse_rope_scaling(value)
    return value


def parse_rope_scaling(value: str) -> tuple[float, float, float, float] | None:
    """Return the four numbers of scaled rotary positions in "8,1,4,8192"; None for "".

    Raises:
        ValueError: a number is missing, or the numbers do not fit each other.
    """
    if not value:
        return None
    try:
        factor, low, high, context = map(float, value.split(","))
    except ValueError:
        raise ValueError("must be FACTOR,LOW,HIGH,CONTEXT, such as 8,1,4,8192") from None
    if not (1 <= factor <= 1e6 and 0 < low < high <= 1e6 and 1 <= context <= 1e9):
        raise ValueError("must be FACTOR,LOW,HIGH,CONTEXT with a factor of at least 1, and LOW below HIGH")
    return factor, low, high, context


def run_name(value: str | None) -> str | None:
    """Refuse names that no folder under `runs/` can have."""
    if value is not None and (
        value.startswith((".", "-")) or not value.strip() or set(value) & {"/", "\\", "\0", "\n"}
    ):
        raise ValueError("must be a name without slashes that does not begin with a dot or a dash")
    if value is not None and len(os.fsencode(value)) > 255:
        raise ValueError("must have at most 255 bytes")
    return value


def augmentation(value: str) -> str:
    """Refuse what `parse_augmentation` cannot parse."""
    parse_augmentation(value)
    return value


def differentiable_augmentation(value: str) -> str:
    """Refuse what `parse_augmentation` cannot parse, and augmentations that are not `DIFFERENTIABLE`."""
    for name in parse_augmentation(value):
        if name not in DIFFERENTIABLE:
            raise ValueError(f"{name!r} is not one of {', '.join(DIFFERENTIABLE)}")
    return value


def given_rate(value: object) -> object:
    """Refuse `auto` where several networks are trained, whose rates one range test cannot choose."""
    if value == "auto":
        raise ValueError("must be a number, since a range test is for a single loss")
    return value


def trackers(value: str) -> str:
    """Return comma-separated names of trackers."""
    for name in filter(None, (part.strip() for part in value.split(","))):
        if name not in TRACKERS:
            raise ValueError(f"{name!r} is not one of {', '.join(TRACKERS)}")
    return value
