"""Data sets of every modality by name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dlcli.data import densities, sources
from dlcli.data.images import catalogue as images
from dlcli.data.tabular import catalogue as tabular
from dlcli.data.text import catalogue as text
from dlcli.data.text.columns import DEFAULT, ReadOptions

Modality = Literal["images", "pairs", "points", "tabular", "text"]


def embedded() -> dict[str, str]:
    """Return the names of the data sets that need no download, each with one line of description."""
    return {**images.embedded(), **text.embedded(), **tabular.embedded(), **densities.NAMES}


def prepared(data_dir: Path | None) -> list[str]:
    """Return the names of the data sets that were downloaded to a folder, such as "tfds:mnist"."""
    return images.prepared(data_dir)


def modality(dataset: str, data_dir: Path | None, options: ReadOptions = DEFAULT) -> Modality:
    """Return what the examples of a data set are.

    Args:
        dataset: name of the set.
        data_dir: folder of prepared tfds sets, whose names an error suggests.
        options: how a table is read; its columns decide between numbers, text and pairs.

    Raises:
        UsageError: no data set has this name.
    """
    if not (options.text_column or options.label_column or options.source_column) and tabular.recognizes(dataset):
        return "tabular"
    if images.matches(dataset):
        return "images"
    if found := text.modality(dataset, options):
        return found
    if dataset in densities.NAMES:
        return "points"
    files = (
        "tfds:NAME, folder:PATH, an .npz, .zip, .tar or .parquet file, a table, a text file or a folder of text files"
    )
    known = [*embedded(), *prepared(data_dir)]
    raise sources.unknown("a data set", f"{', '.join(embedded())}, {files}", dataset, known)
