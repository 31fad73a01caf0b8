"""Where the data of a run lie, for a command that is called in another folder than the one that trained it."""

from __future__ import annotations

import os
from pathlib import Path

# Names of data sets that stand for no file; `dlcli.data.catalogue`, which is above this layer, has them too.
EMBEDDED = {"dates", "digits", "grid", "pydocs", "ring", "shapes"}


def located(dataset: str, origin: str | None) -> str:
    """Return the name of a data set such that it is found from the working folder.

    Args:
        dataset: as it was given to `train`; options.json keeps it so, that it can be used on another machine.
        origin: the working folder of that command, where it is known.

    Returns:
        The name with the path below `origin`, where it is a relative one and something is there; else as it was.
    """
    kind, path = ("folder:", dataset.removeprefix("folder:")) if dataset.startswith("folder:") else ("", dataset)
    if not origin or not is_relative(dataset) or _same(origin, os.curdir):
        return dataset
    there = os.path.join(origin, path)
    # What stands behind the last colon may name the languages of parallel files.
    if os.path.exists(there) or os.path.exists(there.rpartition(":")[0]):
        return kind + there
    return dataset


def is_relative(dataset: str) -> bool:
    """Tell whether a data set is named by a path that begins in the working folder."""
    path = dataset.removeprefix("folder:")
    named = dataset in EMBEDDED or dataset.startswith("tfds:")
    return not named and not path.startswith("~") and not os.path.isabs(path)


def places(dataset: str, origin: str | None) -> str:
    """Return the folders in which `located` looks for a relative path, as a sentence for an error."""
    here = Path.cwd()
    looked = [str(here)] if not origin or _same(origin, os.curdir) else [origin, str(here)]
    return f"{dataset} is a relative path, looked for below {' and '.join(looked)}; --dataset names another place"


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
