"""One trial: a run in the folder of the search, stopped early if its validation is worse than that of others."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from dlcli import engine, techniques
from dlcli.errors import DeviceError, DivergedError, UsageError
from dlcli.notices import warn
from dlcli.options.common import FitOptions
from dlcli.runs.folder import RunFolder
from dlcli.runs.info import Outcome
from dlcli.runs.trials.claims import Claim
from dlcli.runs.trials.takeover import copied
from dlcli.tuning import sampling
from dlcli.tuning.events import Begun, Event, Finished, Moved, Paused
from dlcli.tuning.search import Search

PRUNED = "pruned"  # reason why a run ended
_CLEARED = 20  # trials after which compiled functions are dropped
_SEEDS = 1_000_003  # between the seeds of two searches
_FAILURES = {DivergedError: "diverged", DeviceError: "out of memory", UsageError: "invalid"}


def run_trial(search: Search, opened: Any, claim: Claim, reason: Callable[[], str | None]) -> Iterator[Event]:
    """Train the run of a trial, or continue it, and record the result.

    Args:
        search: of the trial.
        opened: its storage.
        claim: the trial.
        reason: returns why to pause: the name of a signal or "time"; None: continue.
    """
    try:
        yield from _run(search, opened, claim, reason)
    except UpdateFinishedTrialError:
        warn(f"trial {claim.number} was finished by another host while this one did not respond")


def _run(search: Search, opened: Any, claim: Claim, reason: Callable[[], str | None]) -> Iterator[Event]:
    # The draws of a trial depend on its number, not on the worker or on how often the search was started.
    seed = (int(search.space.fixed.get("seed", 0)) * _SEEDS + claim.number) % 2**31
    name, chosen = search.folder.name, search.options
    steps = int(search.space.fixed.get("steps") or search.space.model.model_fields["steps"].default)
    study = sampling.study(opened, name, chosen.sampler, chosen.pruner, seed=seed, steps=steps)
    trial = optuna.trial.Trial(study, claim.id)
    values = search.space.assigned(lambda range_: sampling.suggest(trial, range_))
    yield Begun(claim.number, values, _resumed(search, claim))
    folder = search.folder.run(claim.number)
    try:
        options = search.space.options(values, out=folder)
        learner = techniques.learner(search.space.technique)
        require_same_metric(study, learner.monitor(options)[0])
    except UsageError as error:
        yield _failed(study, trial, values, "invalid", 0, str(error))
        return
    step = 0
    try:
        for event in _events(learner, options, _Rule(trial, reason)):
            step = getattr(event, "step", step)
            if isinstance(event, engine.Stepped | engine.Validated):
                yield Moved(claim.number, event.step, options.steps)
    except (DivergedError, DeviceError, UsageError) as error:
        yield _failed(study, trial, values, _FAILURES[type(error)], step, str(error))
    else:
        ended = RunFolder(folder).info().ended
        assert ended is not None
        if ended.reason in engine.PAUSED:
            yield Paused(claim.number, step, reason() or "time")
        else:
            yield _finished(study, trial, values, ended, learner.monitor(options)[0])
    finally:
        if claim.number % _CLEARED == _CLEARED - 1:
            jax.clear_caches()  # each run compiles its own functions


def _resumed(search: Search, claim: Claim) -> bool:
    """Return whether the run of a trial continues: one begun in this folder, or one of a lost host that is copied."""
    if claim.origin is None:
        return claim.resumed
    theirs = dataclasses.replace(search.folder, path=claim.origin)
    return copied(theirs.run(claim.number), search.folder.run(claim.number))


def require_same_metric(study: optuna.Study, monitor: str) -> None:
    """Raise `UsageError` if a run is validated by another metric than the first of the search."""
    known = study.user_attrs.get("metric")
    if known is None:
        study.set_user_attr("metric", monitor)
    elif known != monitor:
        raise UsageError(f"its runs are validated by {monitor.lstrip('-')}, those of the search by {known.lstrip('-')}")


class _Rule:
    """Ends a run that is to be paused or pruned; reports each validation to the storage."""

    def __init__(self, trial: Any, reason: Callable[[], str | None]):
        self._trial, self._reason = trial, reason
        self._reported = dict(trial.study._storage.get_trial(trial._trial_id).intermediate_values)
        self._pruned = False

    def validated(self, step: int, value: float) -> None:
        """Report a validation; a resumed run may repeat one."""
        if step not in self._reported and math.isfinite(value):
            self._trial.report(value, step)
            self._reported[step] = value
        self._pruned = self._pruned or self._trial.should_prune()

    def __call__(self, progress: Any) -> str | None:
        if reason := self._reason():
            return reason if reason in engine.PAUSED else "SIGTERM"  # without what a run does at its end
        return PRUNED if self._pruned else None


def _events(learner: Any, options: FitOptions, rule: _Rule) -> Iterator[engine.Event]:
    """Yield the events of the run; none if it has ended already."""
    monitor = learner.monitor(options)[0]
    for event in engine.start_or_resume(learner, options, rule):
        if isinstance(event, engine.Validated):
            rule.validated(event.step, _signed(event.metrics, monitor))
        yield event


def _finished(study: Any, trial: Any, values: Mapping[str, Any], ended: Outcome, monitor: str) -> Finished:
    """Record the result of a run."""
    pruned = ended.reason == PRUNED
    value = _signed(ended.best, monitor) if ended.best else math.nan
    if not math.isfinite(value):
        return _failed(study, trial, values, "diverged", ended.step or 0, "no validation was finite")
    _note(trial, values, "pruned" if pruned else "complete", ended.step or 0, value)
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, value)
    state, rising = "pruned" if pruned else "complete", monitor.startswith("-")
    metric, better = monitor.lstrip("-"), -value if rising else value
    return Finished(trial.number, values, state, better, metric, ended.step or 0, rising=rising)


def _failed(study: Any, trial: Any, values: Mapping[str, Any], state: str, step: int, message: str) -> Finished:
    """Record a trial without a result; as a pruned one it is counted among the bad ones by a sampler."""
    _note(trial, values, state, step, None, message)
    study.tell(trial, state=TrialState.PRUNED)
    metric = str(study.user_attrs.get("metric", "loss")).lstrip("-")
    return Finished(trial.number, values, state, None, metric, step, message)


def _note(trial: Any, values: Mapping[str, Any], state: str, step: int, value: float | None, message: str = "") -> None:
    found = {"values": dict(values), "state": state, "step": step, "value": value, "message": message}
    trial.set_user_attr("result", found)


def _signed(metrics: Mapping[str, float], monitor: str) -> float:
    return -metrics[monitor[1:]] if monitor.startswith("-") else metrics[monitor]
