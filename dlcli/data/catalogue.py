"""Names of data sets of every kind: which kind a name is of, and what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dlcli.data import densities
from dlcli.data.images import catalogue, tfds
from dlcli.data.text import catalogue as text
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.errors import UsageError
from dlcli.nearest import nearest


def embedded() -> dict[str, str]:
    """Return the names of the data sets that need no download, with a line on each."""
    return {**catalogue.embedded(), **text.embedded(), **densities.NAMES}


def medium(
    dataset: str, data_dir: Path | None, options: ReadOptions = DEFAULT
) -> Literal["images", "pairs", "points", "text"]:
    """Tell what a data set is made of, by its name, the columns that options name, and the header of a table.

    Raises:
        UsageError: a name of this form is that of no set.
    """
    if catalogue.claims(dataset):
        return "images"
    if found := text.modality(dataset, options):
        return found
    if dataset in densities.NAMES:
        return "points"
    known = [*embedded(), *(f"tfds:{name}" for name in tfds.prepared(data_dir))]
    near = [name for name in known if nearest(dataset, [name, name.removeprefix("tfds:")])]
    meant = f": did you mean {' or '.join(near)}?" if near else ""
    forms = f"{', '.join(embedded())}, tfds:NAME, folder:PATH, an .npz file, a file of text or a folder of them"
    raise UsageError(f"a data set must be {forms}, got {dataset!r}{meant}", hint="`dlcli data list` names those here")
