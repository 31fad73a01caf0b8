"""The training loop: feeds batches to a learner and yields what happened."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlcli.engine import devices, new_runs, runs
from dlcli.engine.checkpoints import require_room
from dlcli.engine.events import Compiled, Compiling, Ended, Event, Saved, Scored, Started, Trained
from dlcli.engine.learner import Learner
from dlcli.engine.load import rebuilt
from dlcli.engine.metrics import values
from dlcli.engine.prefetch import prefetch
from dlcli.engine.program import Leaves, Program, Window, score_all
from dlcli.engine.progress import Progress, Snapshot
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
from dlcli.engine.runs import Run
from dlcli.engine.stopping import Rule, first_of, patience, time_budget
from dlcli.errors import DivergedError, RunError
from dlcli.options import FitOptions
from dlcli.types import Data
from dlcli.warnings import warn


@dataclasses.dataclass
class _Session:
    """What one stretch of training needs and changes."""

    run: Run
    options: FitOptions
    data: Data
    program: Program
    progress: Progress
    stop: Rule
    leaves: Leaves
    saved_sums: list[Any] | None = None  # of the window that was open when the state was saved
    window: Window | None = None  # until the first batch shows what it holds
    last: dict[str, float] = dataclasses.field(default_factory=dict)
    clock: float = dataclasses.field(default_factory=time.perf_counter)

    def count_time(self) -> None:
        """Add the time since the last call of this or `skip_time` to that spent in training."""
        now = time.perf_counter()
        self.progress = self.progress.model_copy(update={"seconds": self.progress.seconds + now - self.clock})
        self.clock = now

    def skip_time(self) -> None:
        """Leave the time since the last call of this or `count_time` out."""
        self.clock = time.perf_counter()


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
    with new_runs.begun(technique, options) as run, devices.memory_errors():
        options = options.model_copy(update={"out": run.folder, "name": None})
        yield _started(run, options, data, program, step=0)
        yield Compiling("initial weights")
        start = time.perf_counter()
        leaves = initial(program, options)
        yield Compiled("initial weights", time.perf_counter() - start)
        about = {"technique": technique, **runs.surroundings(), **_record(program, data, options)}
        run.create(options, data.facts, about)
        yield from _begin(_Session(run, options, data, program, Progress(), stop, leaves))


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
        run.claim()
        options = changed(before, changes)
        devices.prepare(options.device)
        data = reread(learner_type, run, options, changes)
        options = resolve(options, data).model_copy(update={"out": folder})
        require_same_data(run, before, options, data, learner_type)
        what = learner_type, options, data.facts, devices.mesh(options.batch_size)
        program = Program(*what) if changes else rebuilt(folder, *what)  # changes are no fault of the folder
        if not run.has_begun():
            warn(f"{folder} was interrupted before its first checkpoint; restarting it")
            run.rewind(0)
            note_session(run, 0, before, options)
            yield _started(run, options, data, program, step=0)
            leaves = initial(program, options)
            yield from _begin(_Session(run, options, data, program, Progress(), stop, leaves))
            return
        arrays, snapshot = restored(run, program, changes)
        progress = snapshot.progress
        if reason := over(progress, options):
            asked = bool(changes) or went_on(run, progress.step)
            if not asked and run.about().get("ended") is None:
                # Killed between the last checkpoint and the word that it was the last.
                yield _ended(run, snapshot.closing or progress, reason)
                return
            if reason == "steps" or not asked:
                require_more(run, progress, before, options, reason)
            # Asked to go on all the same, a run that was stopped early has its whole patience again.
            progress = progress.model_copy(update={"waited": 0})
        run.rewind(progress.step)
        note_session(run, progress.step, before, options)
        yield _started(run, options, data, program, progress.step)
        leaves = program.from_host(arrays)
        yield from _train(_Session(run, options, data, program, progress, stop, leaves, snapshot.window))


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
    new_runs.refuse_taken(options)
    devices.prepare(options.device)
    data = learner_type.read(options)
    options = resolve(options, data)
    program = Program(learner_type, options, data.facts, devices.mesh(options.batch_size))
    folder = new_runs.expected(technique_name(learner_type), options)
    require_room(existing(folder), program.bytes, options.keep + 2)
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


def _begin(session: _Session) -> Iterator[Event]:
    """Save the state before the first step, and train."""
    yield _save(session)
    session.run.wait()  # a full disk or a wrong path shows before the first step
    yield from _train(session)


def _train(session: _Session) -> Iterator[Event]:
    """Train until a rule says stop, then save, and say how it ended."""
    options, program = session.options, session.program
    first = session.progress.step
    # Patience first: a run that was interrupted where it ends by itself has ended by itself.
    stop = first_of(patience(options.patience), session.stop, time_budget(options.max_time))
    reason = None
    with closing(prefetch(session.data.train_from(first), devices.split(program.mesh))) as batches:
        for step, batch in zip(range(first + 1, options.steps + 1), batches, strict=True):
            yield from _steps(session, step, batch, compiling=step == first + 1)
            reason = "steps" if step == options.steps else stop(session.progress)
            if reason:
                yield from _close(session, reason)
                break
            if step % options.save_every == 0 or session.progress.best_step == step:
                yield _save(session)
    assert reason  # batches come without end
    yield _ended(session.run, session.progress, reason)


def _steps(session: _Session, step: int, batch: Mapping[str, jax.Array], *, compiling: bool) -> Iterator[Event]:
    """Make one step; report and validate where they are due."""
    if compiling:
        yield Compiling("training step")
        session.window = _window(session.program.empty_window(batch), session.saved_sums)
        session.skip_time()
    session.leaves, session.window = session.program.update(session.leaves, session.window, batch)
    if compiling:
        jax.block_until_ready(session.leaves)
        yield Compiled("training step", time.perf_counter() - session.clock)
        session.skip_time()
    session.progress = session.progress.model_copy(update={"step": step})
    if step % session.options.report_every == 0:
        yield _report(session)
    if step % session.options.validate_every == 0:
        yield from _validate(session)


def _report(session: _Session, *, closing: bool = False) -> Trained:
    """Read the window of training metrics, and start a new one."""
    window = session.window
    assert window is not None  # a report follows a step
    seen, bad = int(window.seen), int(window.bad)  # waits for the device
    session.count_time()
    step, seconds = session.progress.step, session.progress.seconds
    metrics = values(jax.device_get(window.metrics))
    if bad:
        _diverged(session, step - seen + bad, metrics)
    rate = seen / max(seconds - session.progress.reported_seconds, 1e-9)
    session.progress = session.progress.model_copy(update={"reported_seconds": seconds})
    session.window = jax.tree.map(lambda leaf: jax.device_put(np.zeros(leaf.shape, leaf.dtype), leaf.sharding), window)
    session.run.record(step, "train", metrics, rate=round(rate, 3), seconds=round(seconds, 3), **_marked(closing))
    return Trained(step, metrics, rate)


def _validate(session: _Session, *, closing: bool = False) -> Iterator[Event]:
    """Measure on the validation data and judge whether these weights are the best."""
    jax.block_until_ready(session.leaves)
    session.count_time()
    step, place = session.progress.step, devices.split(session.program.mesh)
    compiling = not session.last
    if compiling:
        yield Compiling("validation")
    start = time.perf_counter()
    totals = score_all(session.program, session.leaves, session.data.validation, place)
    if compiling:
        yield Compiled("validation", time.perf_counter() - start)
    if totals is not None:
        session.last = values(jax.device_get(totals))
        session.progress = session.progress.judge(step, session.last, session.program.monitor)
        best = session.progress.best_step == step
        session.run.record(step, "validation", session.last, **({"best": True} if best else {}), **_marked(closing))
        yield Scored(step, session.last, best)
    session.skip_time()


def _close(session: _Session, reason: str) -> Iterator[Event]:
    """Save the state as a longer run would have it at this step, and beside it how this run ends."""
    jax.block_until_ready(session.leaves)
    session.count_time()  # a run that goes on from here has spent it too
    before, window = session.progress, session.window
    if reason not in ("SIGINT", "SIGTERM"):
        if before.step % session.options.report_every:
            yield _report(session, closing=True)
        if before.step % session.options.validate_every:
            yield from _validate(session, closing=True)
    closing = session.progress
    session.progress, session.window = before, window
    yield _save(session, closing)
    session.progress = closing
    session.run.wait()


def _save(session: _Session, closing: Progress | None = None) -> Saved:
    session.count_time()
    step = session.progress.step
    sums = None
    if session.window is not None:
        if bad := int(session.window.bad):
            _diverged(session, step - int(session.window.seen) + bad, values(jax.device_get(session.window.metrics)))
        sums = [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(jax.device_get(session.window))]
    if not session.program.is_finite(session.leaves):
        _diverged(session, step, {})
    snapshot = Snapshot(progress=session.progress, window=sums, closing=closing)
    session.run.save(step, session.program.to_host(session.leaves), snapshot, session.options.keep)
    session.skip_time()
    return Saved(step)


def _ended(run: Run, progress: Progress, reason: str) -> Ended:
    best: Mapping[str, float] = {}
    last: Mapping[str, float] = {}
    for record in run.records():
        if record["split"] == "validation":
            last = record["metrics"]
            best = last if record["step"] == progress.best_step else best
    ended = Ended(run.folder, reason, progress.step, progress.best_step, best, last, round(progress.seconds, 3))
    run.note(ended={**dataclasses.asdict(ended), "folder": str(run.folder)})
    return ended


def _diverged(session: _Session, step: int, metrics: Mapping[str, float]) -> None:
    session.run.wait()
    what = next(
        (f"{name} became {value}" for name, value in metrics.items() if not math.isfinite(value)),
        "the state is no longer finite",
    )
    kept = session.run.checkpoints.steps()[-1:]
    session.run.note(ended={"reason": "diverged", "step": step})
    raise DivergedError(
        f"{what} at step {step}" + (f"; the last finite state, of step {kept[0]}, is kept" if kept else ""),
        hint=_remedies(session.options),
    )


def _remedies(options: FitOptions) -> str:
    """Return what helps against divergence, among the options that there are."""
    remedies = {
        "learning_rate": "lower --learning-rate",
        "clip_norm": "bound the gradients with --clip-norm 1",
        "warmup_steps": "warm up with --warmup-steps 200",
    }
    return ", or ".join(text for name, text in remedies.items() if name in type(options).model_fields)


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


def _record(program: Program, data: Data, options: FitOptions) -> dict[str, Any]:
    return {
        "device": devices.describe(program.mesh),
        "dtype": options.dtype,
        "parameters": program.parameters,
        "data": {"dataset": options.dataset, "digest": data.digest, "sizes": dict(data.sizes)},
    }


def _window(empty: Window, saved: list[Any] | None) -> Window:
    """Restore the sums of the window that was open when the state was saved, if there was one."""
    if saved is None:
        return empty
    leaves, treedef = jax.tree.flatten(empty)
    try:
        found = [np.asarray(each, leaf.dtype) for each, leaf in zip(saved, leaves, strict=True)]
    except (ValueError, TypeError, OverflowError):
        found = []
    if [each.shape for each in found] != [leaf.shape for leaf in leaves]:
        raise RunError("the checkpoint's sums of training metrics must be those of this technique and version")
    placed = [jax.device_put(each, leaf.sharding) for each, leaf in zip(found, leaves, strict=True)]
    return jax.tree.unflatten(treedef, placed)


def _marked(closing: bool) -> dict[str, bool]:
    return {"closing": True} if closing else {}


def existing(folder: Path) -> Path:
    """Return the nearest of the folder and those above it that is there."""
    return next(each for each in [folder, *folder.absolute().parents] if each.exists())
