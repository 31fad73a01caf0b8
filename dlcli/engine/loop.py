"""Starts and resumes runs; each yields a sequence of events."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli import processes
from dlcli.engine import devices, group, together
from dlcli.engine.events import Compiled, Compiling, Event, Initialized, RangeTested, Started
from dlcli.engine.initialization import initial, require_freezable
from dlcli.engine.learner import Learner
from dlcli.engine.load import rebuilt
from dlcli.engine.program import Program
from dlcli.engine.range_test import RangeTest, needed, range_test
from dlcli.engine.resuming import (
    finished_by,
    note_session,
    read_again,
    refuse_finished,
    require_same_data,
    restored,
    was_resumed,
)
from dlcli.engine.stopping import Rule
from dlcli.engine.training import Session, begin, end, train
from dlcli.interface import Data
from dlcli.notices import warn
from dlcli.options.common import FitOptions
from dlcli.paths import nearest_existing
from dlcli.runs import new
from dlcli.runs.checkpoints import require_space
from dlcli.runs.folder import RunFolder
from dlcli.runs.info import new_info
from dlcli.runs.progress import Progress
from dlcli.runs.writer import RunWriter
from dlcli.validation import changed


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A run before its folder is created.

    Attributes:
        data: of the run.
        program: the compiled functions of the learner.
        options: resolved, with `--epochs` as steps.
        range_test: the test that chose the learning rate; None if it is given.
    """

    data: Data
    program: Program
    options: FitOptions
    range_test: RangeTest | None


def fit(learner_type: type[Learner], options: FitOptions, stop: Rule = lambda progress: None) -> Iterator[Event]:
    """Open the data, build a learner, and train it in a new run folder.

    Args:
        learner_type: the technique.
        options: of its `train`; `options.out` is the run folder, None creates one.
        stop: a further rule that ends the run, called after each step.

    Raises:
        UserError: the options, the data, the device or the folder cannot be used.
    """
    technique = learner_type.technique
    found = prepared(learner_type, options)
    data, program, options = found.data, found.program, found.options
    with together.started(technique, options) as run, devices.memory_errors(), group.ending_together():
        options = options.model_copy(update={"out": run.folder, "name": None})
        yield _started(run, options, data, program, step=0)
        if found.range_test is not None:
            yield RangeTested(found.range_test)
        yield Compiling("initial weights")
        start = time.perf_counter()
        leaves, taken = initial(program, learner_type, options, data.facts)
        yield Compiled("initial weights", time.perf_counter() - start)
        computed = {"device": devices.describe(program.mesh), "dtype": options.dtype, "parameters": program.parameters}
        together.require_same_run(run, options, data, 0)
        if found.range_test is not None:
            computed["range_test"] = found.range_test.described()
        if taken is not None:
            computed["initialized"] = taken.described()
            yield Initialized(taken)
        run.create(options, data.facts, new_info(technique, options.dataset, data, **computed))
        yield from begin(Session(run, options, data, program, Progress(), stop, leaves))


def resume(
    learner_type: type[Learner], folder: Path, changes: Mapping[str, Any], stop: Rule = lambda progress: None
) -> Iterator[Event]:
    """Resume the run in `folder`; the result equals that of an uninterrupted run.

    Args:
        learner_type: the technique of the run.
        folder: of the run.
        changes: new values of options by name, not yet validated.
        stop: a further rule that ends the run, called after each step.

    Raises:
        RunError: no checkpoint is intact, or the changes need arrays of other shapes.
        UsageError: a change is not valid, or the run has reached its number of steps.
        DatasetError: the training data is not that of the run.
    """
    before = RunFolder(folder).options(learner_type)
    options = changed(before, changes)
    devices.prepare(options.device, join=True)
    with together.opened(folder) as run, devices.memory_errors(), group.ending_together():
        run.lock()
        data = read_again(learner_type, run, options, changes)
        options = resolve(options, data).model_copy(update={"out": folder})
        require_same_data(run, before, options, data, learner_type)
        what = learner_type, options, data.facts, devices.mesh(options.batch_size)
        # With changes, an error is not one of the folder.
        program = Program(*what) if changes else rebuilt(folder, *what)
        if not run.has_started():
            warn(f"{folder} was interrupted before its first checkpoint; restarting it")
            together.require_same_run(run, options, data, 0)
            group.current().barrier()  # all have read the files that process 0 changes now
            run.rewind(0)
            note_session(run, 0, before, options)
            yield _started(run, options, data, program, step=0)
            leaves, _ = initial(program, learner_type, options, data.facts)
            yield from begin(Session(run, options, data, program, Progress(), stop, leaves))
            return
        arrays, snapshot = restored(run, program, changes)
        progress = snapshot.progress
        together.require_same_run(run, options, data, progress.step)
        due = snapshot.validation_due and progress.step <= options.steps  # the interrupted validation
        if (reason := finished_by(progress, options)) and not due:
            requested = bool(changes) or was_resumed(run, progress.step)
            if not requested and run.info().ended is None:
                # Killed after the last checkpoint and before run.json was updated.
                group.current().barrier()
                yield end(run, snapshot.closing or progress, reason)
                return
            if reason == "steps" or not requested:
                refuse_finished(run, progress, before, options, reason)
            # A run that was stopped early gets its full patience again.
            progress = progress.model_copy(update={"waited": 0})
        group.current().barrier()
        run.rewind(progress.step)
        note_session(run, progress.step, before, options)
        yield _started(run, options, data, program, progress.step)
        leaves = program.from_host(arrays)
        session = Session(run, options, data, program, progress, stop, leaves, snapshot.window)
        session.validation_due = snapshot.validation_due
        yield from train(session)


def prepared(learner_type: type[Learner], options: FitOptions) -> Prepared:
    """Open the data of a new run, choose its learning rate if that is left open, and check its folder and size.

    Nothing is written.

    Raises:
        UserError: the options, the data, the device or the folder cannot be used.
    """
    if not processes.found().follows:
        new.require_free(options)
    devices.prepare(options.device, join=True)
    data = learner_type.read(options)
    options, mesh = resolve(options, data), devices.mesh(options.batch_size)
    tested = range_test(learner_type, options, data, mesh) if needed(options) else None
    if tested is not None:
        options = options.model_copy(update={"learning_rate": tested.chosen})
    program = Program(learner_type, options, data.facts, mesh)
    require_freezable(program, options)
    if group.current().first:
        folder = new.folder_for(learner_type.technique, options)
        require_space(nearest_existing(folder), program.bytes, options.keep + 2)
    return Prepared(data, program, options, tested)


def resolve(options: FitOptions, data: Data) -> FitOptions:
    """Convert `--epochs` to steps, and add the options that the data determines."""
    steps = options.steps
    if options.epochs is not None:
        steps = max(1, math.ceil(options.epochs * data.sizes["train"] / options.batch_size))
    return options.model_copy(update={"steps": steps, "epochs": None, **data.chosen})


def validated(options: FitOptions, data: Data) -> int:
    """Return the number of validation examples that each validation measures."""
    size = data.sizes["validation"]
    return min(options.validate_examples or size, size)


def _started(run: RunWriter, options: FitOptions, data: Data, program: Program, step: int) -> Started:
    return Started(
        folder=run.folder,
        step=step,
        steps=options.steps,
        device=devices.describe(program.mesh),
        dtype=options.dtype,
        dataset=options.dataset,
        sizes=data.sizes,
        validated=validated(options, data),
        parameters=program.parameters,
        frozen=program.frozen_parameters,
    )
