"""Files that together are a data set, divided into splits by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dlcli.data.splits import ALIASES

_WORD = re.compile(r"[a-z]+")


def by_split(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each split, by the first word of their names; all are of training unless all name a split."""
    splits = {alias: split for split, aliases in ALIASES.items() for alias in aliases}
    named = [splits.get(word[0]) if (word := _WORD.match(path.name.lower())) else None for path in paths]
    if None in named:
        return {"train": list(paths)}
    found: dict[str, list[Path]] = {}
    for path, split in zip(paths, named, strict=True):
        found.setdefault(str(split), []).append(path)
    return found
