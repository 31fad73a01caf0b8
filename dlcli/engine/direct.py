"""Runs of techniques without gradient steps, such as a tokenizer.

Such a technique has a module `train.py` instead of `learner.py`, with two functions:

- `read(options)` opens the data;
- `train(options, data)` returns a `Result` and writes nothing.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from dlcli.interface import Facts
from dlcli.options.common import DirectOptions
from dlcli.runs import new
from dlcli.runs.info import Described, new_info


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of training.

    Attributes:
        facts: data facts of the model.
        files: contents of text files to save in the run folder, by file name.
        parameters: number of learned parameters, such as the size of a vocabulary.
        validation: metrics on the validation data.
    """

    facts: Facts
    files: Mapping[str, str]
    parameters: int
    validation: Mapping[str, float]


class Trainer(Protocol):
    """The module `train.py` of a technique."""

    def read(self, options: Any) -> Any:
        """Open the data; raise `DatasetError` where it is missing or malformed."""

    def train(self, options: Any, data: Any) -> Result:
        """Train on the training split and measure on the validation split."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A run whose data is open and whose folder is free.

    Attributes:
        technique: its name.
        options: of the run.
        data: the result of `read`.
        folder: the run folder; another run may take it before this one starts.
    """

    technique: str
    options: DirectOptions
    data: Described
    folder: Path


@dataclasses.dataclass(frozen=True)
class Finished:
    """A run that is trained and saved."""

    folder: Path
    parameters: int
    validation: Mapping[str, float]
    seconds: float


def prepare(technique: str, trainer: Trainer, options: DirectOptions) -> Prepared:
    """Open the data; write nothing.

    Raises:
        UsageError: the folder is in use.
        DatasetError: the data is missing or malformed.
    """
    new.require_free(options)
    return Prepared(technique, options, trainer.read(options), new.folder_for(technique, options))


def train(trainer: Trainer, prepared: Prepared) -> Finished:
    """Train the run and write its folder.

    Raises:
        UsageError: another run has taken the folder.
        DiskError: the folder cannot be written.
    """
    with new.started(prepared.technique, prepared.options) as run:
        options = prepared.options.model_copy(update={"out": run.folder, "name": None})
        start = time.perf_counter()
        result = trainer.train(options, prepared.data)
        seconds = round(time.perf_counter() - start, 3)
        finished = Finished(run.folder, result.parameters, result.validation, seconds)
        more = {"parameters": result.parameters, "ended": summary(finished)}
        info = new_info(prepared.technique, options.dataset, prepared.data, **more)
        run.create(options, result.facts, info, result.files)
    return finished


def summary(finished: Finished) -> dict[str, Any]:
    """Return the result of a run as values for JSON: `--json` prints it, `run.json` stores it."""
    return {
        "run": str(finished.folder),
        "reason": "trained",
        "parameters": finished.parameters,
        "best": dict(finished.validation),
        "seconds": finished.seconds,
    }
