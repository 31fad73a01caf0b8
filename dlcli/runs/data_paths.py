"""The data of a run, for a command that is called in another directory than the one that trained it."""

from __future__ import annotations

import os
from pathlib import Path

from dlcli.options.datasets import EMBEDDED


def resolve(dataset: str, origin: str | None) -> str:
    """Return a name of a data set that is valid in the working directory.

    Args:
        dataset: as it was given to `train`; options.json keeps it, so that it can be used on another machine.
        origin: working directory of that command, if known.

    Returns:
        The name with its path joined to `origin`, if it is a relative path and exists there; otherwise unchanged.
    """
    kind, path = ("folder:", dataset.removeprefix("folder:")) if dataset.startswith("folder:") else ("", dataset)
    if not origin or not is_relative(dataset) or _same(origin, os.curdir):
        return dataset
    there = os.path.join(origin, path)
    # What follows the last colon may name the languages of parallel files.
    if os.path.exists(there) or os.path.exists(there.rpartition(":")[0]) or _are_shards(there):
        return kind + there
    return dataset


def is_relative(dataset: str) -> bool:
    """Return whether a data set is named by a path relative to the working directory."""
    path = dataset.removeprefix("folder:")
    named = dataset in EMBEDDED or dataset.startswith("tfds:")
    return not named and not path.startswith("~") and not os.path.isabs(path)


def searched_folders(dataset: str, origin: str | None) -> str:
    """Return the hint of an error: the folders in which `resolve` looks for a relative path."""
    here = Path.cwd()
    searched = [str(here)] if not origin or _same(origin, os.curdir) else [origin, str(here)]
    return f"{dataset} is a relative path, searched in {' and '.join(searched)}; --dataset sets another path"


def _are_shards(path: str) -> bool:
    """Return whether a path such as `train-{000..012}.tar` may name files in an existing folder."""
    return "{" in os.path.basename(path) and os.path.isdir(os.path.dirname(path))


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
