"""Training progress: what is saved with the arrays so that a resumed run equals an uninterrupted one."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Progress(BaseModel):
    """The number of steps, the best validation, and how long ago it was.

    Attributes:
        step: number of updates made.
        best_step: step of the best validation; None before the first one.
        best: values of the monitored metrics there; lower is better.
        waited: number of validations since the best one.
        seconds: training time; excludes compilation, validation and saving.
        reported_seconds: value of `seconds` at the last report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    step: Count = 0
    best_step: Count | None = None
    best: tuple[float, ...] = ()
    waited: Count = 0
    seconds: Seconds = 0.0
    reported_seconds: Seconds = 0.0

    def after_validation(self, step: int, metrics: dict[str, float], monitor: tuple[str, ...]) -> Progress:
        """Return the progress after a validation at `step`; only finite values can be a new best.

        Args:
            step: number of updates made.
            metrics: validation metrics by name.
            monitor: names of the metrics to compare, the first one first; -NAME: higher is better.
        """
        value = tuple(_signed(metrics, name) for name in monitor)
        better = all(map(math.isfinite, value)) and (self.best_step is None or value < self.best)
        if better:
            return self.model_copy(update={"step": step, "best_step": step, "best": value, "waited": 0})
        return self.model_copy(update={"step": step, "waited": self.waited + 1})


class Snapshot(BaseModel):
    """The part of a checkpoint that is not arrays.

    Attributes:
        progress: as a longer run has it at this step.
        window: sums of the training metrics since the last report, if there are any.
        closing: progress of a run that ended here, with what it measured only because it ended.
        validation_due: True if the validation of this step was interrupted; a resumed run starts with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    progress: Progress
    window: list[Any] | None = None
    closing: Progress | None = None
    validation_due: bool = False

    @property
    def best_step(self) -> int | None:
        """The step of the best validation when the checkpoint was saved."""
        return (self.closing or self.progress).best_step

    @property
    def best_steps(self) -> set[int]:
        """The steps whose weights may be needed: for the run as it ended, or after it is resumed."""
        steps = {self.progress.best_step, self.best_step}
        return {step for step in steps if step is not None}


def _signed(metrics: dict[str, float], name: str) -> float:
    return -metrics[name[1:]] if name.startswith("-") else metrics[name]
