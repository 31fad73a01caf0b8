"""Checks before a run is resumed, and the record of the resumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.engine import group
from dlcli.engine.learner import Learner
from dlcli.engine.program import Program
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.formats import command_line
from dlcli.interface import Data
from dlcli.options.common import FitOptions, RunOptions
from dlcli.options.fields import flag
from dlcli.options.text import TokenizerOptions
from dlcli.runs.checkpoints import ShapeMismatch
from dlcli.runs.info import environment
from dlcli.runs.parts import Restored
from dlcli.runs.progress import Progress, Snapshot
from dlcli.runs.writer import RunWriter

_SHAPELESS = RunOptions.model_fields.keys() - {"seed"}  # no array depends on these options


def read_again(learner_type: type[Learner], run: RunWriter, options: FitOptions, changes: Mapping[str, Any]) -> Data:
    """Open the data of a run, with the tokenizer of the run unless the changes name another one."""
    other_tokenizer = changes.keys() & TokenizerOptions.model_fields.keys()
    try:
        return learner_type.read(options, None if other_tokenizer else run.facts(learner_type))
    except DatasetError as error:
        run.explain_missing_data(options.dataset, error)
        raise


def require_same_data(
    run: RunWriter, before: FitOptions, options: FitOptions, data: Data, learner_type: type[Learner]
) -> None:
    """Raise an error if the data has changed since the run was started, or does not fit the model."""
    known = run.info().data.digest
    if options.dataset == before.dataset and known not in (None, data.digest):  # an imported run has none
        raise DatasetError(
            f"{options.dataset} has changed since the run was started: the digest was {known}, now {data.digest}",
            hint="train a new run on it, or restore the data",
        )
    facts = run.facts(learner_type)
    if data.facts != facts:
        other = [name for name in type(facts).model_fields if getattr(facts, name) != getattr(data.facts, name, None)]
        raise RunError(
            f"{options.dataset} must match the data of the run, found another {', '.join(other)}",
            hint="train a new run on it",
        )


def restored(run: RunWriter, program: Program, changes: Mapping[str, Any]) -> tuple[Restored, Snapshot]:
    """Read what this process needs of the newest intact checkpoint, the same one in all processes.

    If its arrays do not fit, the error names the changed options that cause it.
    """
    try:
        return run.restore_ranges(program.shapes, program.needed(), group.current().any_of)
    except ShapeMismatch as error:
        shaping = [name for name in changes if name not in _SHAPELESS]
        if not shaping:
            raise
        flags = ", ".join(flag(name) for name in shaping)
        raise RunError(f"{flags} cannot change on resume: {error}", hint=error.hint) from error


def finished_by(progress: Progress, options: FitOptions) -> str | None:
    """Return the reason why the run is finished, "steps" or "patience", or None."""
    if progress.step >= options.steps:
        return "steps"
    return "patience" if options.patience and progress.waited >= options.patience else None


def was_resumed(run: RunWriter, step: int) -> bool:
    """Return whether the run was resumed from this step before."""
    sessions = run.info().sessions
    return bool(sessions) and sessions[-1].from_step == step


def refuse_finished(run: RunWriter, progress: Progress, before: FitOptions, options: FitOptions, reason: str) -> None:
    """Raise `UsageError` for a finished run.

    Args:
        run: the run.
        progress: of the run.
        before: options of the run.
        options: options after the changes.
        reason: the result of `finished_by`.
    """
    if reason == "steps" and progress.step < before.steps:
        raise UsageError(
            f"--steps {options.steps} must be greater than {progress.step}, the current step of {run.folder}",
            hint=f"{command_line('resume', run.folder)} continues to step {before.steps}",
        )
    if reason == "steps":
        again = command_line("resume", run.folder, "--steps", 2 * progress.step)
        hint = f"{again} continues, with the learning-rate schedule of a run of that length"
        raise UsageError(f"{run.folder} has reached its {progress.step} steps", hint=hint)
    hint = f"{command_line('resume', run.folder, '--patience', 2 * options.patience)} continues"
    raise UsageError(f"{run.folder} was stopped early at step {progress.step}", hint=hint)


def note_session(run: RunWriter, step: int, before: FitOptions, options: FitOptions) -> None:
    """Record the resumption in `run.json`: the step and the changed options."""
    old, new = before.model_dump(mode="json"), options.model_dump(mode="json")
    changes = {name: [old[name], new[name]] for name in new if old[name] != new[name] and name != "out"}
    session = {"from_step": step, "changes": changes, **environment()}
    run.set_options(options)
    run.update_info(sessions=[*run.raw("run.json").get("sessions", []), session], ended=None)
