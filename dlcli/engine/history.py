"""The learner of a run at each of its kept checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlcli.engine.load import Restored
from dlcli.runs import snapshots
from dlcli.runs.trained import TrainedRun


def learners(run: TrainedRun) -> Iterator[tuple[int, Any]]:
    """Yield the step of each intact checkpoint, in rising order, and the learner with its weights, set to evaluate.

    Raises:
        RunError: a checkpoint does not fit the options of the run.
    """
    restored: Restored = run.restored
    program = restored.program
    for step, arrays in snapshots.each_kept(run.files.checkpoints, program.shapes):
        yield step, program.learner(program.from_host(arrays))
