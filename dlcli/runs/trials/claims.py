"""Which trial a worker takes next, so that each trial is worked on by one worker.

A trial that a killed process of this host has begun comes first: the kernel has released its lock, and its run
continues. On another host, whose locks are not visible, a worker records a heartbeat. When it stops, the trial is taken
over: its run is copied and continues if this host can read it, and is started again otherwise.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlcli.runs.trials import heartbeat
from dlcli.runs.trials.locks import Locks, id_of
from dlcli.runs.trials.storage import database_errors

_FOLDER, _PATH = "folder", "path"  # attributes of a trial: id and path of the folder that its run is in


@dataclasses.dataclass(frozen=True)
class Claim:
    """A trial that this process works on.

    Attributes:
        id: in the storage.
        number: of the trial.
        resumed: whether its run in this folder has been begun before.
        origin: the folder of the lost host that has begun it, if this host can read it.
    """

    id: int
    number: int
    resumed: bool
    origin: Path | None = None


class Claims:
    """The trials that this process can take.

    Attributes:
        storage: that records them.
        study_id: of their study in it.
        locks: of the runs on this host.
        count: number of trials.
    """

    def __init__(self, storage: Any, study_id: int, locks: Locks, count: int):
        self.storage, self.study_id, self.locks, self.count = storage, study_id, locks, count
        self._seen: dict[int, tuple[Any, float]] = {}  # heartbeat of a trial, and the time at which it was first seen

    @contextmanager
    def next(self) -> Iterator[Claim | None]:
        """Take the next trial within the block; None if there is none now."""
        with database_errors():
            handle, claim = self._take()
        try:
            if claim is None:
                yield None
            else:
                with heartbeat.beating(self.storage, claim.id):
                    yield claim
        finally:
            if handle is not None:
                os.close(handle)

    def elsewhere(self) -> int:
        """Return how many trials other hosts are working on, or were until their heartbeat stopped."""
        with database_errors():
            return sum(self._is_elsewhere(each) for each in self._trials())

    def _take(self) -> tuple[int | None, Claim | None]:
        from optuna.trial import TrialState

        trials = self._trials()
        running = [each for each in trials if each.state is TrialState.RUNNING]
        begun = [each for each in running if self.locks.was_started(each.number) and not self._is_elsewhere(each)]
        waiting = [each for each in trials if each.state is TrialState.WAITING]
        stopped = [each for each in running if self._is_elsewhere(each) and self._has_stopped(each)]
        for trial in [*begun, *waiting, *stopped]:
            handle = self.locks.lock(trial.number)
            if handle is None:
                continue
            id = trial._trial_id
            origin = _readable_folder(trial) if trial in stopped else None
            if trial in begun and self._is_ours(id):
                return handle, Claim(id, trial.number, resumed=True)
            if trial not in begun and self._begin(id, again=trial in stopped):
                return handle, Claim(id, trial.number, resumed=False, origin=origin)
            os.close(handle)
        return None, None

    def _trials(self) -> list[Any]:
        return [each for each in self.storage.get_all_trials(self.study_id, deepcopy=False) if each.number < self.count]

    def _begin(self, id: int, *, again: bool) -> bool:
        """Return whether the trial was waiting, or is to be taken from another host, and is running here now."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        try:
            if again:
                self.storage.set_trial_state_values(id, state=TrialState.WAITING)
            if not self.storage.set_trial_state_values(id, state=TrialState.RUNNING):
                return False
            self.locks.mark()
            self.storage.set_trial_user_attr(id, _PATH, str(self.locks.path.parent.absolute()))
            self.storage.set_trial_user_attr(id, _FOLDER, self.locks.id)
        except UpdateFinishedTrialError:
            return False
        return True

    def _is_ours(self, id: int) -> bool:
        """Return whether the trial is still running, and its run is in this folder."""
        from optuna.trial import TrialState

        trial = self.storage.get_trial(id)
        return trial.state is TrialState.RUNNING and not self._is_elsewhere(trial)

    def _is_elsewhere(self, trial: Any) -> bool:
        from optuna.trial import TrialState

        folder = trial.user_attrs.get(_FOLDER)  # none of a worker that was killed before it recorded it
        here = self.locks.was_started(trial.number) if folder is None else folder == self.locks.id
        return trial.state is TrialState.RUNNING and not here

    def _has_stopped(self, trial: Any) -> bool:
        """Return whether the heartbeat of a trial has not changed for a while; clocks of hosts are not compared."""
        beat, now = heartbeat.of(trial), time.monotonic()
        if trial._trial_id not in self._seen or self._seen[trial._trial_id][0] != beat:
            self._seen[trial._trial_id] = beat, now
        return now - self._seen[trial._trial_id][1] > heartbeat.STOPPED


def _readable_folder(trial: Any) -> Path | None:
    """Return the folder of the host that has begun a trial; None if this host cannot read it.

    A folder of the same path may be another one, on the disk of this host.
    """
    path = trial.user_attrs.get(_PATH)
    if path is None or id_of(Path(path) / "locks") != trial.user_attrs.get(_FOLDER):
        return None
    return Path(path)
