"""The training loop: steps, reports, validation, checkpoints, and the end of a run."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

import jax
import numpy as np

from dlcli.engine import devices, group
from dlcli.engine.events import Compiled, Compiling, Ended, Event, Reported, Saved, Stepped, Validated, Validating
from dlcli.engine.in_flight import InFlight
from dlcli.engine.prefetch import prefetch, share, train_batches
from dlcli.engine.program import Leaves, Program, Window, score_all
from dlcli.engine.stopping import Rule, first_of, patience, time_budget
from dlcli.errors import DivergedError, RunError
from dlcli.interface import Batch, Data, shared
from dlcli.metrics.metric import values
from dlcli.options.common import FitOptions
from dlcli.runs.progress import Progress, Snapshot
from dlcli.runs.writer import RunWriter

_SIGNALS = ("SIGINT", "SIGTERM")
_METRICS_SECONDS = 1.0  # between two reads of the metrics for `Stepped`


@dataclasses.dataclass
class Session:
    """The state of training from its start, or from a resumption, to its end.

    Attributes:
        run: the run folder.
        options: of the run.
        data: of the run.
        program: the compiled functions of the learner.
        progress: steps and best validation.
        stop: a rule that ends the run early.
        leaves: state of the learner on the devices.
        saved_sums: sums of the open window of training metrics in the checkpoint.
        window: the open window of training metrics; None before the first batch.
        last: metrics of the last validation.
        validation_due: True if the validation of the current step was interrupted.
        interrupted: name of the signal that interrupted a validation.
        in_flight: steps dispatched to the devices.
        metrics_read_at: time of the last read of the metrics for `Stepped`.
        clock: time up to which training time is counted.
        common_stop: the agreement of all processes to stop after the same step.
        budget: ends the run after `--max-time`.
        reason: on which all processes have agreed.
    """

    run: RunWriter
    options: FitOptions
    data: Data
    program: Program
    progress: Progress
    stop: Rule
    leaves: Leaves
    saved_sums: list[Any] | None = None
    window: Window | None = None
    last: dict[str, float] = dataclasses.field(default_factory=dict)
    validation_due: bool = False
    interrupted: str | None = None
    in_flight: InFlight = dataclasses.field(default_factory=InFlight)
    metrics_read_at: float = 0.0
    clock: float = dataclasses.field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.common_stop = group.current().stop()
        self.budget = time_budget(self.options.max_time)
        self.reason: str | None = None

    def count_time(self) -> None:
        """Add the time since the last call of this method or `skip_time` to the training time."""
        now = time.perf_counter()
        self.progress = self.progress.model_copy(update={"seconds": self.progress.seconds + now - self.clock})
        self.clock = now

    def skip_time(self) -> None:
        """Exclude the time since the last call of this method or `count_time` from the training time."""
        self.clock = time.perf_counter()

    def agreement(self, progress: Progress) -> str | None:
        """Return the reason to end the run here, the same in all processes, or None."""
        self.reason = self.reason or self.common_stop.at(first_of(self.stop, self.budget)(progress))
        return self.reason

    def signal(self) -> str | None:
        """Return the name of the signal that a process of the run has received, or None."""
        alone = jax.process_count() == 1
        reason = self.stop(self.progress) if alone else self.agreement(self.progress)
        return reason if reason in _SIGNALS else None

    def can_stop_waiting(self) -> bool:
        """Return whether to end instead of waiting for a batch; one process alone must not."""
        return jax.process_count() == 1 and bool(self.signal())


def begin(session: Session) -> Iterator[Event]:
    """Save the state before the first step, and train."""
    yield _save(session)
    session.run.wait()  # a full disk or a wrong path is an error before the first step
    yield from train(session)


def train(session: Session) -> Iterator[Event]:
    """Train until a rule ends the run, then save it."""
    # Patience first: a signal at the step where patience ends the run changes nothing.
    stop = first_of(patience(session.options.patience), session.agreement)
    reason = yield from _catch_up(session, stop)
    place, first = devices.split(session.program.mesh), session.progress.step
    with closing(prefetch(train_batches(session.data, first), place, session.can_stop_waiting)) as batches:
        while not reason:
            batch = next(batches, None)  # None only after an interruption
            if batch is None:
                reason = yield from _close(session, session.signal() or "")
            else:
                yield from _steps(session, batch, compiling=session.progress.step == first)
                reason = yield from _settle(session, stop)
    yield end(session.run, session.progress, reason)


def _catch_up(session: Session, stop: Rule) -> Generator[Event, None, str | None]:
    """Run the validation whose interruption ended the previous session, and what follows a step."""
    if not session.validation_due:
        return None
    # Restored before the first step: the sums of training metrics may be reported here, or saved again.
    with closing(
        prefetch(train_batches(session.data, session.progress.step), devices.split(session.program.mesh))
    ) as some:
        session.window = _window(session.program.empty_window(next(some)), session.saved_sums)
    session.skip_time()
    if session.progress.step % session.options.validate_every == 0:
        yield from _validate(session)
    return (yield from _settle(session, stop))


def _settle(session: Session, stop: Rule) -> Generator[Event, None, str | None]:
    """Save after a step if it is due, or end the run if a rule has a reason; return the reason."""
    step = session.progress.step
    reason = session.interrupted or ("steps" if step == session.options.steps else stop(session.progress))
    if reason:
        return (yield from _close(session, reason))
    if step % session.options.save_every == 0 or session.progress.best_step == step:
        yield _save(session)
    return None


def _steps(session: Session, batch: Mapping[str, jax.Array], *, compiling: bool) -> Iterator[Event]:
    """Make one step; report and validate if they are due."""
    step = session.progress.step + 1
    if compiling:
        yield Compiling("training step")
        session.window = _window(session.program.empty_window(batch), session.saved_sums)
        session.skip_time()
    session.leaves, session.window = session.program.update(session.leaves, session.window, batch)
    if compiling:
        jax.block_until_ready(session.leaves)
        yield Compiled("training step", time.perf_counter() - session.clock)
        session.skip_time()
        session.in_flight.clear()
    session.progress = session.progress.model_copy(update={"step": step})
    session.in_flight.add(step, session.window)
    yield from _poll(session)
    if step % session.options.report_every == 0:
        yield _report(session)
    if step % session.options.validate_every == 0:
        yield from _validate(session)


def _poll(session: Session) -> Iterator[Event]:
    """Yield the last computed step, without waiting for the device."""
    if computed := session.in_flight.poll():
        step, window = computed
        now = time.perf_counter()
        if now - session.metrics_read_at < _METRICS_SECONDS:
            yield Stepped(step, None)
        else:
            session.metrics_read_at = now
            yield Stepped(step, values(jax.device_get(window.metrics)))


def _report(session: Session, *, closing: bool = False) -> Reported:
    """Report the training metrics of the window, and start a new window."""
    window = session.window
    assert window is not None  # a report follows a step
    seen, bad = int(window.seen), int(window.bad)  # waits for the device
    session.in_flight.clear()
    session.count_time()
    step, seconds = session.progress.step, session.progress.seconds
    metrics = values(jax.device_get(window.metrics))
    if bad:
        _diverged(session, step - seen + bad, metrics)
    rate = seen / max(seconds - session.progress.reported_seconds, 1e-9)
    session.progress = session.progress.model_copy(update={"reported_seconds": seconds})
    empty = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), window)
    session.window = devices.place(empty, devices.replicated(session.program.mesh))
    session.run.metrics.append(
        step, "train", metrics, rate=round(rate, 3), seconds=round(seconds, 3), **_marked(closing)
    )
    return Reported(step, metrics, rate)


def _validate(session: Session, *, closing: bool = False) -> Iterator[Event]:
    """Measure on the validation data, and note whether these weights are the best."""
    jax.block_until_ready(session.leaves)
    session.in_flight.clear()
    session.count_time()
    step, place = session.progress.step, devices.split(session.program.mesh)
    compiling = not session.last
    yield Validating(step)
    if compiling:
        yield Compiling("validation")
    start = time.perf_counter()
    totals = score_all(session.program, session.leaves, _until_interrupted(session), place)
    if compiling:
        yield Compiled("validation", time.perf_counter() - start)
    if totals is not None and not session.interrupted:
        session.last = values(jax.device_get(totals))
        session.progress = session.progress.after_validation(step, session.last, session.program.monitor)
        best = session.progress.best_step == step
        session.run.metrics.append(
            step, "validation", session.last, **({"best": True} if best else {}), **_marked(closing)
        )
        yield Validated(step, session.last, best)
    session.skip_time()


def _until_interrupted(session: Session) -> Iterator[Batch]:
    """Yield the batches of the validation data until a signal arrives; the partial result is dropped."""
    examples = session.data.validation.part(session.options.validate_examples)
    for batch in shared(examples, share()):
        session.interrupted = session.signal()
        if session.interrupted:
            return
        yield batch


def _close(session: Session, reason: str) -> Generator[Event, None, str]:
    """Save the state as in a longer run, and the progress of the run as it ends here; return the reason."""
    jax.block_until_ready(session.leaves)
    session.count_time()  # a run resumed from here has spent it too
    before, window = session.progress, session.window
    if reason not in _SIGNALS:
        if before.step % session.options.report_every:
            yield _report(session, closing=True)
        if before.step % session.options.validate_every:
            yield from _validate(session, closing=True)
    reason = session.interrupted or reason
    closing = session.progress
    session.progress, session.window = before, window
    yield _save(session, closing)
    session.progress = closing
    session.run.wait()
    return reason


def _save(session: Session, closing: Progress | None = None) -> Saved:
    session.count_time()
    step = session.progress.step
    sums = None
    if session.window is not None:
        if bad := int(session.window.bad):
            _diverged(session, step - int(session.window.seen) + bad, values(jax.device_get(session.window.metrics)))
        sums = [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(jax.device_get(session.window))]
    if not session.program.is_finite(session.leaves):
        _diverged(session, step, {})
    due = bool(session.interrupted)
    snapshot = Snapshot(progress=session.progress, window=sums, closing=closing, validation_due=due)
    session.run.save(step, session.program.to_save(session.leaves), snapshot, session.options.keep)
    session.skip_time()
    return Saved(step)


def end(run: RunWriter, progress: Progress, reason: str) -> Ended:
    best: Mapping[str, float] = {}
    last: Mapping[str, float] = {}
    for record in run.metrics.read():
        if record["split"] == "validation":
            last = record["metrics"]
            best = last if record["step"] == progress.best_step else best
    ended = Ended(run.folder, reason, progress.step, progress.best_step, best, last, round(progress.seconds, 3))
    run.update_info(ended={**dataclasses.asdict(ended), "folder": str(run.folder)})
    return ended


def _diverged(session: Session, step: int, metrics: Mapping[str, float]) -> None:
    session.run.wait()
    what = next(
        (f"{name} became {value}" for name, value in metrics.items() if not math.isfinite(value)),
        "a parameter is not finite",
    )
    kept = session.run.checkpoints.steps()[-1:]
    session.run.update_info(ended={"reason": "diverged", "step": step})
    raise DivergedError(
        f"{what} at step {step}" + (f"; the last finite checkpoint, step {kept[0]}, is kept" if kept else ""),
        hint=_remedy(session.options),
    )


def _remedy(options: FitOptions) -> str:
    """Return the options of the technique that help against divergence."""
    remedies = {
        "learning_rate": "lower --learning-rate",
        "max_grad_norm": "clip the gradients with --max-grad-norm 1",
        "warmup_steps": "warm up with --warmup-steps 200",
    }
    return ", or ".join(text for name, text in remedies.items() if name in type(options).model_fields)


def _window(empty: Window, saved: list[Any] | None) -> Window:
    """Return the window with the sums of the checkpoint, if it has any."""
    if saved is None:
        return empty
    leaves, treedef = jax.tree.flatten(empty)
    try:
        found = [np.asarray(each, leaf.dtype) for each, leaf in zip(saved, leaves, strict=True)]
    except (ValueError, TypeError, OverflowError):
        found = []
    if [each.shape for each in found] != [leaf.shape for leaf in leaves]:
        raise RunError("the training metrics in the checkpoint are not those of this technique and version")
    placed = devices.place(found, [leaf.sharding for leaf in leaves])
    return jax.tree.unflatten(treedef, placed)


def _marked(closing: bool) -> dict[str, bool]:
    return {"closing": True} if closing else {}
