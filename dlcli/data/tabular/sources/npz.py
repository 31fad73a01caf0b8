"""Arrays in one `.npz` file, as `numpy.savez` writes it: `x`, numbers [example, feature], and `y` [example].

Splits have the names of their arrays: `x_train` and `y_train`, and the same with `validation`, `valid`, `val` or
`dev`, and `test`. Optionally, `columns` are the names of the features. Nothing is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlcli.data import splits
from dlcli.data.npz_archive import Archive
from dlcli.data.problems import Problem
from dlcli.data.tabular.builder import Builder, ReadOptions, Rows, Source
from dlcli.data.tabular.cells import LARGEST
from dlcli.errors import DatasetError
from dlcli.paths import expand_user

Pair = tuple[str, str]  # names of the arrays of features and of targets


def recognizes(dataset: str) -> bool:
    """Return whether the training array has the axes of a table: example and feature."""
    try:
        headers = Archive(expand_user(dataset)).headers
    except DatasetError:
        return False
    pair = _pairs(headers).get("train")
    return pair is not None and len(headers[pair[0]][0]) == 2


def read(dataset: str, options: ReadOptions) -> tuple[Source, list[Problem]]:
    """Read the arrays.

    Raises:
        DatasetError: the file is missing or damaged, or lacks arrays of these names, shapes and types.
    """
    path = expand_user(dataset)
    archive = Archive(path)
    pairs = _pairs(archive.headers)
    if "train" not in pairs:
        names = ", ".join(sorted(archive.headers)) or "none"
        raise DatasetError(f"{path} must contain the arrays `x` and `y`, or `x_train` and `y_train`, found {names}")
    width = (*archive.headers[pairs["train"][0]][0], 0)[1]
    parts, problems = {}, []
    for split, pair in pairs.items():
        _require_shapes(archive, pair, width)
        parts[split], wrong = _rows(archive, split, pair)
        problems += wrong
    return Source(_columns(archive, width), pairs["train"][1].removesuffix("_train"), parts), problems


def _pairs(headers: Mapping[str, object]) -> dict[str, Pair]:
    """Return the arrays of each split that the file defines."""
    names = {split: [(f"x_{alias}", f"y_{alias}") for alias in aliases] for split, aliases in splits.ALIASES.items()}
    names["train"].append(("x", "y"))
    found = {split: next((pair for pair in pairs if set(pair) <= set(headers)), None) for split, pairs in names.items()}
    return {split: pair for split, pair in found.items() if pair is not None}


def _require_shapes(archive: Archive, pair: Pair, width: int) -> None:
    (features, of_features), (targets, of_targets) = (archive.headers[name] for name in pair)
    if len(features) != 2 or features[1] != width or not width or of_features.kind not in "iufb":
        raise DatasetError(
            f"{pair[0]} of {archive.path} must be numbers [example, {width or 'feature'}], found {of_features} "
            f"{list(features)}"
        )
    if targets not in (features[:1], (*features[:1], 1)) or of_targets.kind not in "iufbU":
        raise DatasetError(
            f"{pair[1]} of {archive.path} must be numbers or strings {list(features[:1])}, found {of_targets} "
            f"{list(targets)}"
        )


def _rows(archive: Archive, split: str, pair: Pair) -> tuple[Rows, list[Problem]]:
    features = np.asarray(archive.array(pair[0]), np.float64)
    target = np.asarray(archive.array(pair[1])).ravel()
    usable = (np.abs(features) <= LARGEST).all(axis=1)
    if target.dtype.kind == "f":
        usable &= np.abs(target) <= LARGEST
    places = [f"row {index} of {pair[0]}" for index in range(len(target))]
    problems = [
        Problem("columns", split, places[index], f"{places[index]} must contain finite numbers", skippable=True)
        for index in np.flatnonzero(~usable)
    ]
    kept = np.flatnonzero(usable)
    return Rows(features[kept], target[kept], [places[index] for index in kept]), problems


def _columns(archive: Archive, width: int) -> tuple[str, ...]:
    shape, dtype = archive.headers.get("columns", ((), np.dtype(float)))
    if dtype.kind == "U" and shape == (width,):
        return tuple(map(str, archive.array("columns")))
    return tuple(f"x{number}" for number in range(width))


BUILDER = Builder("an .npz file of x and y", lambda dataset: dataset.endswith(".npz"), read, recognizes)
