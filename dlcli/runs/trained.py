"""A trained run, resolved once and passed to everything that reads it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from dlcli.interface import Facts
from dlcli.options.common import DirectOptions, FitOptions
from dlcli.runs.data_paths import located
from dlcli.runs.folders import About, Folder


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
    options: type[FitOptions] | type[DirectOptions]
    facts: Callable[[], type[Facts]]
    restore: Callable[[TrainedRun], Any]


class TrainedRun(Folder):
    """A run to read. Options, facts and weights are loaded when first used, and only once.

    Attributes:
        folder: its folder.
        technique: name of its technique.
        use: which weights: "best" (lowest validation loss, or what the technique monitors) or "last".
    """

    def __init__(self, folder: Path, reader: Reader, use: str = "best"):
        super().__init__(folder)
        self.technique, self.use, self._reader = reader.technique, use, reader

    def other(self, folder: Path) -> TrainedRun:
        """Return another run of the same technique, with the same choice of weights."""
        return TrainedRun(folder, self._reader, self.use)

    @cached_property
    def options(self) -> Any:
        """The options it was trained with; a relative path of its data is resolved from the working folder."""
        options = self.read("options.json", self._reader.options)
        there = located(options.dataset, self.origin)
        return options if there == options.dataset else options.model_copy(update={"dataset": there})

    @property
    def dataset(self) -> str:
        """Name of its data set, as it was given to `train`."""
        return str(self.raw("options.json").get("dataset"))

    @property
    def origin(self) -> str | None:
        """The working folder of the command that trained it, where known."""
        return self.read("run.json", About).folder if os.path.lexists(self.folder / "run.json") else None

    @cached_property
    def facts(self) -> Any:
        """What its data told the model."""
        return self.read("facts.json", self._reader.facts())

    @cached_property
    def restored(self) -> Any:
        """What it learned: for a technique with a learner, a `dlcli.engine.load.Restored`."""
        return self._reader.restore(self)

    @property
    def learner(self) -> Any:
        """The live learner with the weights that `use` names, set to evaluate; shared, so copy it to change it."""
        return self.restored.learner
