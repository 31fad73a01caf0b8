"""What a file in `dlcli.data.tabular.sources` defines to open tables by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from dlcli.data.problems import Problem

Task = Literal["classify", "regress"]


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How a table is read, whatever its source.

    Attributes:
        target_column: name of the column to predict; None for `target` or `label`, or else the last one.
        task: "classify", "regress", or None: decided by the target.
        points: number of points to draw, of a set in the plane.
        noise: standard deviation of the noise of each coordinate; None for that of the set.
        data_seed: seed of the points.
        skip_bad: leave out rows that cannot be used, instead of raising an error.
    """

    target_column: str | None = None
    task: Task | None = None
    points: int = 1_000
    noise: float | None = None
    data_seed: int = 0
    skip_bad: bool = False

    @classmethod
    def of(cls, options: Any) -> ReadOptions:
        """Collect the options of this class that an object has."""
        names = [each.name for each in dataclasses.fields(cls)]
        found = {name: getattr(options, name, None) for name in names}
        return cls(**{name: value for name, value in found.items() if value is not None})

    @property
    def flags(self) -> list[str]:
        """The command-line words that name the column."""
        return ["--target-column", self.target_column] if self.target_column is not None else []


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Rows as a source reads them.

    Attributes:
        features: finite numbers, float64 [row, feature].
        target: numbers or strings, [row].
        places: where each row comes from, such as "line 3 of table.csv".
    """

    features: np.ndarray
    target: np.ndarray
    places: Sequence[str]


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A table as a source reads it.

    Attributes:
        features: names of the columns.
        target: name of the column to predict.
        parts: the rows by split; `train` alone if the source defines no splits.
    """

    features: tuple[str, ...]
    target: str
    parts: Mapping[str, Rows]


@dataclasses.dataclass(frozen=True)
class Builder:
    """One source of tables.

    Attributes:
        form: how the name of a table is written, for messages.
        matches: whether a name has this form.
        read: reads the table of this name. Returns it without its unusable rows, and the problems; raises
            `DatasetError` if there is nothing to read.
        recognizes: whether a file of this form is a table of numbers: the same extension may stand for texts or images.
        embedded: names that need no download, each with one line of description.
        named_columns: whether `--target-column` can choose the column to predict.
    """

    form: str
    matches: Callable[[str], bool]
    read: Callable[[str, ReadOptions], tuple[Source, list[Problem]]]
    recognizes: Callable[[str], bool] = lambda dataset: True
    embedded: Mapping[str, str] = dataclasses.field(default_factory=dict)
    named_columns: bool = False
