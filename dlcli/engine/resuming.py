"""What must hold before a run goes on, and what is written down when it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli.engine import runs
from dlcli.engine.learner import Learner
from dlcli.engine.program import Program
from dlcli.engine.progress import Progress, Snapshot
from dlcli.engine.runs import Run
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.options import FitOptions
from dlcli.types import Data


def changed(before: FitOptions, changes: Mapping[str, Any]) -> FitOptions:
    """Return `before` with some options changed, validated anew."""
    kept = before.model_dump(exclude={"steps", "epochs"} if "epochs" in changes else {"epochs"})
    return type(before).model_validate({**kept, **changes})


def require_same_data(
    run: Run, before: FitOptions, options: FitOptions, data: Data, learner_type: type[Learner]
) -> None:
    """Raise where the data would not fit the model, or are others than those the run began with."""
    if data.facts != run.facts(learner_type):
        raise RunError(
            f"{options.dataset} must have the shapes and classes of the run's data", hint="train a new run on it"
        )
    known = run.about().get("data", {}).get("digest")
    if options.dataset == before.dataset and known != data.digest:
        raise DatasetError(
            f"{options.dataset} must be the data the run began with (digest {known}), found {data.digest}"
        )


def restored(run: Run, program: Program, changes: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], Snapshot]:
    """Read the newest intact checkpoint; blame the changes where it does not fit the program."""
    try:
        return run.restore(program.shapes)
    except RunError as error:
        if not changes or not run.checkpoints.steps():
            raise
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in changes)
        raise RunError(f"{flags} cannot change on resume: {error}", hint=error.hint) from error


def over(progress: Progress, options: FitOptions) -> str | None:
    """Return why there is nothing left to do, or None."""
    if progress.step >= options.steps:
        return "steps"
    return "patience" if options.patience and progress.waited >= options.patience else None


def went_on(run: Run, step: int) -> bool:
    """Tell whether the run was already asked to go on from this very step."""
    sessions = run.about().get("sessions", [])
    return bool(sessions) and isinstance(sessions[-1], dict) and sessions[-1].get("from_step") == step


def require_more(run: Run, progress: Progress, before: FitOptions, options: FitOptions, reason: str) -> None:
    """Raise `UsageError` for a run that ended for this reason, as `over` gives it.

    Args:
        run: its folder.
        progress: how far it has come.
        before: its options so far.
        options: those asked for.
        reason: why nothing is left to do.
    """
    if reason == "steps" and progress.step < before.steps:
        raise UsageError(
            f"--steps {options.steps} must lie beyond step {progress.step}, where {run.folder} stands",
            hint=f"dlcli resume {run.folder} goes on to its {before.steps} steps",
        )
    if reason == "steps":
        hint = f"dlcli resume {run.folder} --steps {2 * progress.step} goes on, by the schedule of a run of that length"
        raise UsageError(f"{run.folder} has made all its {progress.step} steps", hint=hint)
    hint = f"dlcli resume {run.folder} --patience {2 * options.patience} goes on"
    raise UsageError(f"{run.folder} was stopped early at step {progress.step}", hint=hint)


def note_session(run: Run, step: int, before: FitOptions, options: FitOptions) -> None:
    """Write down that the run goes on, from where, and with which changes."""
    old, new = before.model_dump(mode="json"), options.model_dump(mode="json")
    changes = {name: [old[name], new[name]] for name in new if old[name] != new[name] and name != "out"}
    session = {"from_step": step, "changes": changes, **runs.surroundings()}
    run.set_options(options)
    run.note(sessions=[*run.about().get("sessions", []), session], ended=None)
