"""Runs of techniques that take no gradient steps: trained in one go, in run folders like all others.

Such a technique has a module `train.py` where others have a learner, with:

- `read(options)`, which opens the data;
- `train(options, data)`, which returns what it learnt as `Learnt`, and writes nothing.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from dlcli.engine import runs
from dlcli.engine.runs import Run
from dlcli.files import disk_errors
from dlcli.options import DirectOptions
from dlcli.types import Facts


class Source(Protocol):
    """The data of a run: examples in each split, and what identifies the training part."""

    @property
    def sizes(self) -> Mapping[str, int]: ...

    @property
    def digest(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Learnt:
    """What training gave.

    Attributes:
        facts: what the data told the model.
        files: what is kept of it: texts by the names of their files in the run folder.
        parameters: how many things were chosen by training.
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

    def train(self, options: Any, data: Any) -> Learnt:
        """Learn from the training part, and measure on the validation part."""


@dataclasses.dataclass(frozen=True)
class Begun:
    """A run that is set up: its data are open and its folder can be written.

    Attributes:
        technique: its name.
        options: with the run folder named.
        data: what `read` returned.
        folder: of the run.
    """

    technique: str
    options: DirectOptions
    data: Source
    folder: Path


@dataclasses.dataclass(frozen=True)
class Done:
    """A run that is trained and saved."""

    folder: Path
    parameters: int
    validation: Mapping[str, float]
    seconds: float


def begin(technique: str, trainer: Trainer, options: DirectOptions) -> Begun:
    """Choose the run folder and open the data; nothing is written.

    Raises:
        UsageError: the folder is in use.
        DatasetError: something is wrong with the data.
    """
    folder = options.out or runs.new_folder(technique, options.dataset)
    runs.refuse_used(folder)
    return Begun(technique, options.model_copy(update={"out": folder}), trainer.read(options), folder)


def finish(trainer: Trainer, begun: Begun) -> Done:
    """Train the run and write its folder.

    Raises:
        DiskError: the folder cannot be written; where that can be known, before training.
    """
    with disk_errors(begun.folder):
        begun.folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    learnt = trainer.train(begun.options, begun.data)
    seconds = round(time.perf_counter() - start, 3)
    done = Done(begun.folder, learnt.parameters, learnt.validation, seconds)
    data = {"dataset": begun.options.dataset, "digest": begun.data.digest, "sizes": dict(begun.data.sizes)}
    about = {
        "technique": begun.technique,
        **runs.surroundings(),
        "parameters": learnt.parameters,
        "data": data,
        "ended": summary(done),
    }
    with Run(begun.folder) as run:
        run.create(begun.options, learnt.facts, about, learnt.files)
    return done


def summary(done: Done) -> dict[str, Any]:
    """Return what `--json` prints at the end of a training, and `run.json` keeps."""
    return {
        "run": str(done.folder),
        "reason": "trained",
        "parameters": done.parameters,
        "best": dict(done.validation),
        "seconds": done.seconds,
    }
