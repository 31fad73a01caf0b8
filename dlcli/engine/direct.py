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

from dlcli.interface import Facts
from dlcli.options.common import DirectOptions
from dlcli.runs import new
from dlcli.runs.info import Described, new_info


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
    """A run whose data are open, and whose folder is free.

    Attributes:
        technique: its name.
        options: of the run.
        data: what `read` returned.
        folder: that it would have now; another run may take it before this one begins.
    """

    technique: str
    options: DirectOptions
    data: Described
    folder: Path


@dataclasses.dataclass(frozen=True)
class Done:
    """A run that is trained and saved."""

    folder: Path
    parameters: int
    validation: Mapping[str, float]
    seconds: float


def begin(technique: str, trainer: Trainer, options: DirectOptions) -> Begun:
    """Open the data; nothing is written.

    Raises:
        UsageError: the folder is in use.
        DatasetError: something is wrong with the data.
    """
    new.require_free(options)
    return Begun(technique, options, trainer.read(options), new.folder_for(technique, options))


def finish(trainer: Trainer, begun: Begun) -> Done:
    """Train the run and write its folder.

    Raises:
        UsageError: another run has taken the folder.
        DiskError: the folder cannot be written; where that can be known, before training.
    """
    with new.started(begun.technique, begun.options) as run:
        options = begun.options.model_copy(update={"out": run.folder, "name": None})
        start = time.perf_counter()
        learnt = trainer.train(options, begun.data)
        seconds = round(time.perf_counter() - start, 3)
        done = Done(run.folder, learnt.parameters, learnt.validation, seconds)
        more = {"parameters": learnt.parameters, "ended": summary(done)}
        info = new_info(begun.technique, options.dataset, begun.data, **more)
        run.create(options, learnt.facts, info, learnt.files)
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
