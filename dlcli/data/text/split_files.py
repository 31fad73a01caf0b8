"""Files of a folder that contain one split each, found by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError


def split_named(path: Path) -> str | None:
    """Return the split of a file such as `valid.tsv.gz`, whose name is that of the split and an extension."""
    return _split(path.name.lower().partition(".")[0])


def split_begun(path: Path) -> str | None:
    """Return the split of a file such as `test_2016_flickr.de`, whose name begins with that of the split."""
    return _split(re.split(r"[^a-z]", path.name.lower())[0])


def by_split(folder: Path, paths: Sequence[Path], split_of: Callable[[Path], str | None]) -> dict[str, Path]:
    """Return the file of each split.

    Raises:
        DatasetError: there are two for one split.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not (split := split_of(path)):
            continue
        if split in found:
            raise DatasetError(f"{folder} must have one file for {split}, found {found[split].name} and {path.name}")
        found[split] = path
    return found


def _split(stem: str) -> str | None:
    return next((split for split, names in ALIASES.items() if stem in names), None)
