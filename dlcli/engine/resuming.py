"""What must hold before a run goes on, and what is written down when it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli.engine.learner import Learner
from dlcli.engine.program import Program
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.formats import command_line
from dlcli.interface import Data
from dlcli.options.common import FitOptions, RunOptions, TokenizerOptions
from dlcli.options.fields import flag
from dlcli.runs.checkpoints import ShapeMismatch
from dlcli.runs.info import environment
from dlcli.runs.progress import Progress, Snapshot
from dlcli.runs.run import Run

_SHAPELESS = RunOptions.model_fields.keys() - {"seed"}  # options on which no array depends


def changed(before: FitOptions, changes: Mapping[str, Any]) -> FitOptions:
    """Return `before` with some options changed, validated again."""
    kept = before.model_dump(exclude={"steps", "epochs"} if "epochs" in changes else {"epochs"})
    return type(before).model_validate({**kept, **changes})


def reread(learner_type: type[Learner], run: Run, options: FitOptions, changes: Mapping[str, Any]) -> Data:
    """Open the data of a run again, with the tokenizer that the run holds unless another is asked for."""
    try:
        if changes.keys() & TokenizerOptions.model_fields.keys():
            return learner_type.read(options)
        return learner_type.reread(options, run.facts(learner_type))
    except DatasetError as error:
        run.explain_missing_data(options.dataset, error)
        raise


def require_same_data(
    run: Run, before: FitOptions, options: FitOptions, data: Data, learner_type: type[Learner]
) -> None:
    """Raise where the data are others than those the run began with, or would not fit the model."""
    known = run.info().data.digest
    if options.dataset == before.dataset and known != data.digest:
        raise DatasetError(
            f"{options.dataset} must be the data the run began with (digest {known}), found {data.digest}",
            hint="train a new run on it, or bring the data back",
        )
    facts = run.facts(learner_type)
    if data.facts != facts:
        other = [name for name in type(facts).model_fields if getattr(facts, name) != getattr(data.facts, name, None)]
        raise RunError(
            f"{options.dataset} must give the model what the run's data gave, found another {', '.join(other)}",
            hint="train a new run on it",
        )


def restored(run: Run, program: Program, changes: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], Snapshot]:
    """Read the newest intact checkpoint; blame the changes where its arrays are not those of the program."""
    try:
        return run.restore(program.shapes)
    except ShapeMismatch as error:
        shaping = [name for name in changes if name not in _SHAPELESS]
        if not shaping:
            raise
        flags = ", ".join(flag(name) for name in shaping)
        raise RunError(f"{flags} cannot change on resume: {error}", hint=error.hint) from error


def over(progress: Progress, options: FitOptions) -> str | None:
    """Return why there is nothing left to do, or None."""
    if progress.step >= options.steps:
        return "steps"
    return "patience" if options.patience and progress.waited >= options.patience else None


def went_on(run: Run, step: int) -> bool:
    """Tell whether the run was already asked to go on from this very step."""
    sessions = run.info().sessions
    return bool(sessions) and sessions[-1].from_step == step


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
            hint=f"{command_line('resume', run.folder)} continues to its {before.steps} steps",
        )
    if reason == "steps":
        again = command_line("resume", run.folder, "--steps", 2 * progress.step)
        hint = f"{again} continues, with the schedule of a run of that length"
        raise UsageError(f"{run.folder} has made all its {progress.step} steps", hint=hint)
    hint = f"{command_line('resume', run.folder, '--patience', 2 * options.patience)} continues"
    raise UsageError(f"{run.folder} was stopped early at step {progress.step}", hint=hint)


def note_session(run: Run, step: int, before: FitOptions, options: FitOptions) -> None:
    """Write down that the run goes on, from where, and with which changes."""
    old, new = before.model_dump(mode="json"), options.model_dump(mode="json")
    changes = {name: [old[name], new[name]] for name in new if old[name] != new[name] and name != "out"}
    session = {"from_step": step, "changes": changes, **environment()}
    run.set_options(options)
    run.update_info(sessions=[*run.raw("run.json").get("sessions", []), session], ended=None)
