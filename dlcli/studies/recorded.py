"""The cells of a study in a storage that several hosts share: trial N is the N-th planned cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlcli.errors import RunError
from dlcli.runs.trials import storage
from dlcli.runs.trials.claims import Claim, Claims
from dlcli.runs.trials.locks import Locks

_NAME, _RESULT = "cell", "result"  # attributes of a trial


class RecordedCells:
    """The cells of a study in a storage."""

    def __init__(self, place: str, study: str, folder: Path):
        """Open the storage, and create the study in it.

        Args:
            place: path of a journal file, or the URL of a database.
            study: its name in the storage.
            folder: of the runs on this host.

        Raises:
            UserError: the storage or the folder cannot be used.
        """
        self._storage = storage.opened(place)
        storage.create(self._storage, study)
        with storage.database_errors():
            self._study_id = self._storage.get_study_id_from_name(study)
        self._locks = Locks.of(folder / "locks")
        self._claims = Claims(self._storage, self._study_id, self._locks, 0)
        self._trials: list[Any] = []

    def plan(self, count: int) -> None:
        """Create the trials of the first `count` cells, unless another host has."""
        storage.fill(self._storage, self._study_id, count)
        self._claims.count = count

    def refresh(self) -> None:
        """Read from the storage what all hosts have done."""
        with storage.database_errors():
            self._trials = self._storage.get_all_trials(self._study_id, deepcopy=False)

    def result(self, number: int, name: str) -> Mapping[str, Any] | None:
        """Return the result of a cell; None if it was not measured when `refresh` was called.

        Args:
            number: of the cell in the study, from 0.
            name: of the cell.

        Raises:
            RunError: the trial of this number is another cell.
        """
        trial = self._trials[number]
        if not trial.state.is_finished():
            return None
        if trial.user_attrs.get(_NAME) != name:
            raise RunError(
                f"trial {number} in the storage is {trial.user_attrs.get(_NAME)}, not {name}: "
                "another version of dlcli has begun this study",
                hint="use the same version on all hosts, or another --storage",
            )
        found: Mapping[str, Any] = trial.user_attrs[_RESULT]
        return found

    @contextmanager
    def claimed(self) -> Iterator[Claim | None]:
        """Take the next cell within the block; None if all are measured or others measure them."""
        with self._claims.next() as claim:
            yield claim

    def record(self, claim: Claim, name: str, result: Mapping[str, Any]) -> None:
        """Record the result of a cell; one that another host has recorded meanwhile stays, since they are equal."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        loss = result.get("validation", {}).get("loss")
        state, values = (TrialState.FAIL, None) if loss is None else (TrialState.COMPLETE, [float(loss)])
        try:
            with storage.database_errors():
                self._storage.set_trial_user_attr(claim.id, _NAME, name)
                self._storage.set_trial_user_attr(claim.id, _RESULT, dict(result))
                self._storage.set_trial_state_values(claim.id, state=state, values=values)
        except UpdateFinishedTrialError:
            return
