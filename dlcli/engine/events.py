"""What a training run says as it goes: the loop yields these, and whoever iterates decides what they mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Started:
    """The run is set up; nothing is compiled yet.

    Attributes:
        folder: the run folder.
        step: updates made so far; 0 in a new run.
        steps: updates to make in all.
        device: such as "2 × cpu".
        dtype: type of activations.
        dataset: as the options name it.
        sizes: examples in each split.
        parameters: numbers that training changes.
    """

    folder: Path
    step: int
    steps: int
    device: str
    dtype: str
    dataset: str
    sizes: Mapping[str, int]
    parameters: int


@dataclasses.dataclass(frozen=True)
class Compiling:
    """The compiler starts on a function; the next event says that it is done."""

    what: str


@dataclasses.dataclass(frozen=True)
class Compiled:
    """The first call of a function, compilation included, is done."""

    what: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class Stepped:
    """The device has computed this step; told about ten times a second, or for each step where they are slower.

    Attributes:
        step: the last one that is computed.
        metrics: means of the training metrics since the last report; None where they were read less than a second ago.
    """

    step: int
    metrics: Mapping[str, float] | None


@dataclasses.dataclass(frozen=True)
class Trained:
    """Means of the training metrics since the last report; `rate` is in steps a second."""

    step: int
    metrics: Mapping[str, float]
    rate: float


@dataclasses.dataclass(frozen=True)
class Validating:
    """The validation of a step begins; `Scored` says what it measured, if it is not interrupted."""

    step: int


@dataclasses.dataclass(frozen=True)
class Scored:
    """Metrics on the validation data, and whether they are the best so far."""

    step: int
    metrics: Mapping[str, float]
    best: bool


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint is on its way to the disk; it is there before the next one, or the end."""

    step: int


@dataclasses.dataclass(frozen=True)
class Ended:
    """Training is over and all is saved.

    Attributes:
        folder: the run folder.
        reason: "steps", "patience", "time", "SIGINT" or "SIGTERM".
        step: the last step.
        best_step: the step whose weights the run now stands for; None if it was never validated.
        best: validation metrics there.
        last: validation metrics of the last validation.
        seconds: time spent in training over all sessions, compilation left out.
    """

    folder: Path
    reason: str
    step: int
    best_step: int | None
    best: Mapping[str, float]
    last: Mapping[str, float]
    seconds: float


Event = Started | Compiling | Compiled | Stepped | Trained | Validating | Scored | Saved | Ended
