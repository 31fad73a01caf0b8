"""A trained run, opened once and passed to everything that reads it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from dlcli.interface import Facts
from dlcli.runs.folder import RunFolder

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Reader:
    """How the files of one technique's runs are read.

    Attributes:
        technique: its name.
        options: model of its training options.
        facts: return the model of its facts; may load jax.
        restore: return what a run learned; loads jax.
    """

    technique: str
    options: type[Any]
    facts: Callable[[], type[Facts]]
    restore: Callable[[TrainedRun], Any]


class TrainedRun:
    """A run to read. Options, facts and weights are loaded when first used, and only once.

    Attributes:
        folder: path of its folder.
        files: the files in it.
        technique: name of its technique.
        use: which weights: "best" (of the best validation) or "last".
        reader: how the files of its technique are read.
    """

    def __init__(self, folder: Path, reader: Reader, use: str = "best"):
        self.folder, self.files = folder, RunFolder(folder)
        self.technique, self.use, self.reader = reader.technique, use, reader
        self._kept: dict[Hashable, Any] = {}

    def other(self, folder: Path) -> TrainedRun:
        """Return another run of the same technique, with the same choice of weights."""
        return TrainedRun(folder, self.reader, self.use)

    def using(self, use: str) -> TrainedRun:
        """Return the run with this choice of weights."""
        return self if use == self.use else TrainedRun(self.folder, self.reader, use)

    @cached_property
    def options(self) -> Any:
        """The options it was trained with; a relative path of its data is valid in this directory."""
        model: Any = self.reader.options
        return self.files.read_options(model)

    @property
    def dataset(self) -> str:
        """Name of its data set, as it was given to `train`."""
        return str(self.files.raw("options.json").get("dataset"))

    @cached_property
    def facts(self) -> Any:
        """What its data set tells the model."""
        return self.files.read("facts.json", self.reader.facts())

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returned at the first call with this key: a compiled function of the weights, for example.

        A later command of the same process then compiles nothing.
        """
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    @cached_property
    def restored(self) -> Any:
        """What it learned: for a technique with a learner, a `dlcli.engine.load.Restored`."""
        return self.reader.restore(self)

    @property
    def learner(self) -> Any:
        """The learner with the weights that `use` selects, in evaluation mode; shared, so clone it to change it."""
        return self.restored.learner
