"""Which trial a worker takes next, so that each trial is worked on by one worker.

A trial that a killed process has begun comes first: the kernel has released its lock, and its run continues. In the
folder of another host it is not visible, and stays with that host.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlcli.tuning.folder import SearchFolder

_FOLDER = "folder"  # attribute of a trial: the id of the folder that its run is in


@dataclasses.dataclass(frozen=True)
class Claim:
    """A trial that this process works on, its number, and whether another process had begun it."""

    id: int
    number: int
    resumed: bool


@contextmanager
def claimed(storage: Any, study_id: int, folder: SearchFolder, count: int) -> Iterator[Claim | None]:
    """Take the next trial within the block; None if there is none.

    Args:
        storage: of the search.
        study_id: of the study in it.
        folder: of the search on this host.
        count: number of trials of the search.
    """
    handle, claim = _take(storage, study_id, folder, count)
    try:
        yield claim
    finally:
        if handle is not None:
            os.close(handle)


def _take(storage: Any, study_id: int, folder: SearchFolder, count: int) -> tuple[int | None, Claim | None]:
    from optuna.trial import TrialState

    trials = [each for each in storage.get_all_trials(study_id, deepcopy=False) if each.number < count]
    begun = [each for each in trials if each.state is TrialState.RUNNING and folder.was_started(each.number)]
    for trial in [*begun, *(each for each in trials if each.state is TrialState.WAITING)]:
        handle = folder.lock(trial.number)
        if handle is None:
            continue
        id = storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        resumed = trial.state is TrialState.RUNNING
        if resumed and _is_ours(storage, id, folder):
            return handle, Claim(id, trial.number, resumed=True)
        if not resumed and _begin(storage, id):
            storage.set_trial_user_attr(id, _FOLDER, folder.id)
            return handle, Claim(id, trial.number, resumed=False)
        os.close(handle)
    return None, None


def _begin(storage: Any, id: int) -> bool:
    """Return whether the trial was waiting and is running now."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    try:
        return bool(storage.set_trial_state_values(id, state=TrialState.RUNNING))
    except UpdateFinishedTrialError:
        return False


def _is_ours(storage: Any, id: int, folder: SearchFolder) -> bool:
    """Return whether the trial is still running, and its run is in this folder."""
    from optuna.trial import TrialState

    trial = storage.get_trial(id)
    return trial.state is TrialState.RUNNING and trial.user_attrs.get(_FOLDER, folder.id) == folder.id
