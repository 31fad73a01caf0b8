"""Opens the run that a command or a call names, and refuses options that the run cannot honour. Loads no jax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dlcli import techniques
from dlcli.errors import RunError, UsageError
from dlcli.formats import command_line
from dlcli.interface import Facts
from dlcli.nearest import did_you_mean
from dlcli.options.fields import Options, can_read, flag, unmet_need
from dlcli.runs.folder import technique_of
from dlcli.runs.lookup import find
from dlcli.runs.trained import Reader, TrainedRun
from dlcli.validation import changed, validate

M = TypeVar("M", bound=Options)
_VERBS = ("sample", "predict", "score")


def open_run(
    name: str | Path, technique: str | tuple[str, ...] = "", purpose: str = "this", use: str = "best"
) -> TrainedRun:
    """Open a run.

    Args:
        name: a folder, the name of a run under `runs/`, or a technique's name for its latest run; empty: the latest
            run of `technique`.
        technique: name of the technique that is required, or of several; empty: any.
        purpose: what needs the run, such as "viz attention", for error messages.
        use: which weights, "best" or "last".

    Raises:
        RunError: there is no such run, or it is of another technique.
    """
    try:
        folder = find(str(name), technique, purpose)
    except RunError as error:
        if not technique and str(name).replace("_", "-") in techniques.names():
            error.hint = f"train one first: dlcli train {name}"
        raise
    return TrainedRun(folder, _reader(technique_of(folder)), use)


def opened(
    options: M, technique: str | tuple[str, ...], purpose: str, run: TrainedRun | None = None
) -> tuple[M, TrainedRun]:
    """Open the run that options name as `run`; return the options with the run's folder, and the run.

    Args:
        options: of the command.
        technique: name of the technique that is required, or of several; empty: any.
        purpose: what needs the run, such as "viz attention", for error messages.
        run: used if it is the run that the options name, so that its weights are not loaded again.

    Raises:
        RunError: there is no such run, or it is of another technique, or trained for another purpose.
        UsageError: an option does nothing with this run, or cannot be honoured by it.
    """
    found = open_run(options.run, technique, purpose, getattr(options, "use", "best"))  # type: ignore[attr-defined]
    if run is not None and run.folder == found.folder:
        found = run.using(found.use)
    require(options, found, purpose)
    return options.model_copy(update={"run": str(found.folder)}), found


def check_changes(run: TrainedRun, changes: Mapping[str, Any]) -> None:
    """Raise where a run cannot be resumed with these changes of its options, before anything heavy is loaded.

    Raises:
        RunError: the run has no training steps.
        UsageError: an option does not exist or is not valid, or cannot change.
    """
    techniques.require_steps(run.technique)
    require_known(run.reader.options, changes, f"train {run.technique}")
    if "out" in changes:
        raise UsageError(f"--out cannot change on resume, which continues in {run.folder}")
    if "name" in changes:
        hint = command_line("runs", "rename", run.folder, changes["name"])
        raise UsageError(f"--name cannot change on resume, which continues in {run.folder}", hint=hint)
    changed(run.files.read("options.json", run.reader.options), changes)


def options_of(run: TrainedRun, verb: str, given: Mapping[str, Any], *, flags: Iterable[str] = ()) -> Any:
    """Return the options of a verb for a run of a technique that has the verb.

    Args:
        run: the run.
        verb: such as "eval".
        given: values by name, not yet validated.
        flags: names of the values that the user has given.

    Raises:
        RunError: as in `opened`.
        UsageError: as in `opened`, or an option does not exist or is not valid.
    """
    options = validate(techniques.options(run.technique, verb), {**given, "run": str(run.folder)}, flags=flags)
    require(options, run, f"{verb} {run.technique}")
    return options


def require_known(model: type[Options], given: Iterable[str], command: str) -> None:
    """Raise `UsageError` if a command, such as "train cnn", has no option of a name."""
    for name in given:
        if name not in model.model_fields:
            near = did_you_mean(flag(name), map(flag, model.model_fields))
            raise UsageError(f"{flag(name)} is not an option of {command}{near}")


def require(options: Options, run: TrainedRun, purpose: str) -> None:
    """Raise where a run cannot honour the options (see `opened`)."""
    trained, model = run.files.raw("options.json"), type(options)
    if not can_read(model, trained):
        raise _other_kind(model, run, trained, purpose)
    for name in options.model_fields_set:
        need, value = unmet_need(model, name, trained, of_run=True), getattr(options, name)
        if need is not None and value is not False:
            raise UsageError(need.message(name, value, trained))
    options.require_fit(run)


def _other_kind(model: type[Options], run: TrainedRun, trained: dict[str, Any], purpose: str) -> RunError:
    """Return the error for a run that was trained for something else, with the commands that read it."""
    wanted = [(name, value) for name, value in model.requires if name in trained]
    found = " and ".join(_option(name, trained[name]) for name in dict.fromkeys(name for name, _ in wanted))
    asked = " or ".join(_option(name, value) for name, value in wanted)
    verbs = [
        verb
        for verb in _VERBS
        if (other := techniques.options(run.technique, verb)) is not None and can_read(other, trained)
    ]
    subject = run.technique.replace("_", "-")
    hint = f"it can be used with {', '.join(f'dlcli {verb} {subject}' for verb in verbs)}" if verbs else ""
    return RunError(f"{purpose} needs a run of {asked}; {run.folder} is a run of {found}", hint=hint)


def _option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return flag(name) if value else f"no {flag(name)}"
    return f"{flag(name)} {value}"


def _reader(technique: str) -> Reader:
    model = techniques.options(technique, "train")
    return Reader(technique, model, partial(_facts, technique), _restore)


def _facts(technique: str) -> type[Facts]:
    if technique in techniques.having("resume"):
        return techniques.learner(technique).Facts
    return techniques.trainer(technique).Facts


def _restore(run: TrainedRun) -> Any:
    learner = techniques.learner(run.technique)
    from dlcli.engine.load import restored

    return restored(run, learner)
