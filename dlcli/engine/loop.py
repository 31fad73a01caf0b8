"""Begins and resumes runs: each is a sequence of events."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.engine import devices
from dlcli.engine.events import Compiled, Compiling, Event, Started
from dlcli.engine.learner import Learner
from dlcli.engine.load import rebuilt
from dlcli.engine.program import Leaves, Program
from dlcli.engine.resuming import (
    changed,
    note_session,
    over,
    require_more,
    require_same_data,
    reread,
    restored,
    went_on,
)
from dlcli.engine.stopping import Rule
from dlcli.engine.training import Session, begin, end, train
from dlcli.interface import Data
from dlcli.notices import warn
from dlcli.options.common import FitOptions
from dlcli.paths import nearest_existing
from dlcli.runs import new
from dlcli.runs.checkpoints import require_space
from dlcli.runs.info import new_info
from dlcli.runs.progress import Progress
from dlcli.runs.run import Run


def fit(learner_type: type[Learner], options: FitOptions, stop: Rule = lambda progress: None) -> Iterator[Event]:
    """Read the data, build a learner, and train it in a new run folder.

    Args:
        learner_type: the technique.
        options: of its `train`; `options.out` names the folder, None chooses a new one.
        stop: a further reason to stop, asked after each step.

    Raises:
        UserError: one of its kin, before anything is compiled where that can be known.
    """
    technique = technique_name(learner_type)
    data, program, options = prepared(learner_type, options)
    with new.started(technique, options) as run, devices.memory_errors():
        options = options.model_copy(update={"out": run.folder, "name": None})
        yield _started(run, options, data, program, step=0)
        yield Compiling("initial weights")
        start = time.perf_counter()
        leaves = initial(program, options)
        yield Compiled("initial weights", time.perf_counter() - start)
        computed = {"device": devices.describe(program.mesh), "dtype": options.dtype, "parameters": program.parameters}
        run.create(options, data.facts, new_info(technique, options.dataset, data, **computed))
        yield from begin(Session(run, options, data, program, Progress(), stop, leaves))


def resume(
    learner_type: type[Learner], folder: Path, changes: Mapping[str, Any], stop: Rule = lambda progress: None
) -> Iterator[Event]:
    """Go on with the run in `folder`, in the same folder, as if it had not been broken off.

    Args:
        learner_type: the technique of the run.
        folder: of the run.
        changes: options to change from here on, by name.
        stop: a further reason to stop, asked after each step.

    Raises:
        RunError: no checkpoint is intact, or the changes need arrays of other shapes.
        UsageError: the run has made all its steps already.
        DatasetError: the training data are not those of the run.
    """
    with Run(folder) as run, devices.memory_errors():
        before = run.options(learner_type)
        run.lock()
        options = changed(before, changes)
        devices.prepare(options.device)
        data = reread(learner_type, run, options, changes)
        options = resolve(options, data).model_copy(update={"out": folder})
        require_same_data(run, before, options, data, learner_type)
        what = learner_type, options, data.facts, devices.mesh(options.batch_size)
        program = Program(*what) if changes else rebuilt(folder, *what)  # changes are no fault of the folder
        if not run.has_started():
            warn(f"{folder} was interrupted before its first checkpoint; restarting it")
            run.rewind(0)
            note_session(run, 0, before, options)
            yield _started(run, options, data, program, step=0)
            leaves = initial(program, options)
            yield from begin(Session(run, options, data, program, Progress(), stop, leaves))
            return
        arrays, snapshot = restored(run, program, changes)
        progress = snapshot.progress
        owed = snapshot.validation_due and progress.step <= options.steps  # a validation that was interrupted
        if (reason := over(progress, options)) and not owed:
            asked = bool(changes) or went_on(run, progress.step)
            if not asked and run.info().ended is None:
                # Killed between the last checkpoint and the word that it was the last.
                yield end(run, snapshot.closing or progress, reason)
                return
            if reason == "steps" or not asked:
                require_more(run, progress, before, options, reason)
            # Asked to go on all the same, a run that was stopped early has its whole patience again.
            progress = progress.model_copy(update={"waited": 0})
        run.rewind(progress.step)
        note_session(run, progress.step, before, options)
        yield _started(run, options, data, program, progress.step)
        leaves = program.from_host(arrays)
        session = Session(run, options, data, program, progress, stop, leaves, snapshot.window)
        session.validation_due = snapshot.validation_due
        yield from train(session)


def technique_name(learner_type: type[Learner]) -> str:
    """Return the name of the folder that the learner's module lies in."""
    return learner_type.__module__.split(".")[-2]


def prepared(learner_type: type[Learner], options: FitOptions) -> tuple[Data, Program, FitOptions]:
    """Open the data of a new run and check what can be known before it begins; nothing is written.

    Returns:
        The data, the program, and the options with `--epochs` turned into steps.

    Raises:
        UserError: one of its kin.
    """
    new.require_free(options)
    devices.prepare(options.device)
    data = learner_type.read(options)
    options = resolve(options, data)
    program = Program(learner_type, options, data.facts, devices.mesh(options.batch_size))
    folder = new.folder_for(technique_name(learner_type), options)
    require_space(nearest_existing(folder), program.bytes, options.keep + 2)
    return data, program, options


def resolve(options: FitOptions, data: Data) -> FitOptions:
    """Turn `--epochs` into steps and add what the data chose: the options say all there is to say."""
    steps = options.steps
    if options.epochs is not None:
        steps = max(1, math.ceil(options.epochs * data.sizes["train"] / options.batch_size))
    return options.model_copy(update={"steps": steps, "epochs": None, **data.chosen})


def initial(program: Program, options: FitOptions) -> Leaves:
    """Return the weights before the first step; those of another run where the options ask for them.

    Raises:
        RunError: the other run cannot be used.
    """
    leaves = program.initial()
    learner = program.learner(leaves)
    if learner.warm_start(options):
        leaves = program.leaves_of(learner)
    return leaves


def _started(run: Run, options: FitOptions, data: Data, program: Program, step: int) -> Started:
    return Started(
        folder=run.folder,
        step=step,
        steps=options.steps,
        device=devices.describe(program.mesh),
        dtype=options.dtype,
        dataset=options.dataset,
        sizes=data.sizes,
        parameters=program.parameters,
    )
