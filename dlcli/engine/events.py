"""Events that training yields: the command line shows them, a study or a test collects them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlcli.engine.initialization import Taken
    from dlcli.engine.range_test import RangeTest


@dataclasses.dataclass(frozen=True)
class Started:
    """The run is set up; compilation has not started.

    Attributes:
        folder: the run folder.
        step: number of updates made; 0 in a new run.
        steps: total number of updates.
        device: name and number, such as "2 × cpu".
        dtype: of the activations.
        dataset: its name in the options.
        sizes: number of examples in each split.
        validated: number of validation examples that each validation measures.
        parameters: number of parameters.
        frozen: how many of them are not updated.
    """

    folder: Path
    step: int
    steps: int
    device: str
    dtype: str
    dataset: str
    sizes: Mapping[str, int]
    validated: int
    parameters: int
    frozen: int = 0


@dataclasses.dataclass(frozen=True)
class Initialized:
    """The first weights of a new run come from another run."""

    taken: Taken


@dataclasses.dataclass(frozen=True)
class RangeTested:
    """The learning rate of a new run is chosen by a range test."""

    test: RangeTest


@dataclasses.dataclass(frozen=True)
class Compiling:
    """Compilation of a function starts; the next event is `Compiled`."""

    what: str


@dataclasses.dataclass(frozen=True)
class Compiled:
    """The first call of a function, including its compilation, is done."""

    what: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class Stepped:
    """The device has computed a step; yielded at most ten times per second.

    Attributes:
        step: the last computed step.
        metrics: means of the training metrics since the last report; None if they were read less than a second ago.
    """

    step: int
    metrics: Mapping[str, float] | None


@dataclasses.dataclass(frozen=True)
class Reported:
    """Means of the training metrics since the last report; `rate` is in steps per second."""

    step: int
    metrics: Mapping[str, float]
    rate: float


@dataclasses.dataclass(frozen=True)
class Validating:
    """Validation at a step starts; `Validated` follows unless it is interrupted."""

    step: int


@dataclasses.dataclass(frozen=True)
class Validated:
    """Metrics on the validation data, and whether they are the best so far."""

    step: int
    metrics: Mapping[str, float]
    best: bool


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint is being written; it is on the disk before the next one is started, or training ends."""

    step: int


@dataclasses.dataclass(frozen=True)
class Ended:
    """Training has ended and everything is saved.

    Attributes:
        folder: the run folder.
        reason: "steps", "patience", "time", "SIGINT", "SIGTERM", or that of a further rule, such as "pruned".
        step: the last step.
        best_step: step of the best validation; None if there was none.
        best: metrics of the best validation.
        last: metrics of the last validation.
        seconds: training time of all sessions, without compilation.
    """

    folder: Path
    reason: str
    step: int
    best_step: int | None
    best: Mapping[str, float]
    last: Mapping[str, float]
    seconds: float


Event = (
    Started
    | Initialized
    | RangeTested
    | Compiling
    | Compiled
    | Stepped
    | Reported
    | Validating
    | Validated
    | Saved
    | Ended
)
