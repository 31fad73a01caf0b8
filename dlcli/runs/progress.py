"""How far a run has come: what is saved with the learner so that a resumed run goes on as if unbroken."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Progress(BaseModel):
    """Steps made, the best validation so far, and how long ago it was.

    Attributes:
        step: updates made.
        best_step: the step of the best validation; None before the first.
        best: the values of the monitored metrics there, lower is better.
        waited: validations since then.
        seconds: time spent in training; compilation, validation and saving left out.
        reported_seconds: what `seconds` was at the last report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    step: Count = 0
    best_step: Count | None = None
    best: tuple[float, ...] = ()
    waited: Count = 0
    seconds: Seconds = 0.0
    reported_seconds: Seconds = 0.0

    def judge(self, step: int, metrics: dict[str, float], monitor: tuple[str, ...]) -> Progress:
        """Return the progress after a validation at `step`; only a finite value can be a new best."""
        value = tuple(_signed(metrics, name) for name in monitor)
        better = all(map(math.isfinite, value)) and (self.best_step is None or value < self.best)
        if better:
            return self.model_copy(update={"step": step, "best_step": step, "best": value, "waited": 0})
        return self.model_copy(update={"step": step, "waited": self.waited + 1})


class Snapshot(BaseModel):
    """What a checkpoint holds beside the arrays.

    Attributes:
        progress: as a longer run would have it at this step.
        window: the sums of the training metrics since the last report, if there was one to come.
        closing: the progress of a run that ended here, what it measured only because it ended included.
        validation_due: whether the validation of this step was interrupted; a resumed run begins with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    progress: Progress
    window: list[Any] | None = None
    closing: Progress | None = None
    validation_due: bool = False

    @property
    def best_step(self) -> int | None:
        """The step whose weights the run stood for when it was saved."""
        return (self.closing or self.progress).best_step

    @property
    def best_steps(self) -> set[int]:
        """The steps whose weights may be asked for: now, or when the run goes on."""
        steps = {self.progress.best_step, self.best_step}
        return {step for step in steps if step is not None}


def _signed(metrics: dict[str, float], name: str) -> float:
    return -metrics[name[1:]] if name.startswith("-") else metrics[name]
