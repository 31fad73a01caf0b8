"""The storage of a search: Optuna's record of its trials, in a journal file or a database.

The trials of a search are created as waiting trials with the first call, so that their number does not depend on how
many workers there are: a trial whose number is beyond `--trials` is never started.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import DiskError, UsageError
from dlcli.files import disk_errors
from dlcli.tuning.options import Pruner, Sampler
from dlcli.tuning.ranges import Choices, Range

if TYPE_CHECKING:
    import optuna

_HINT = "pip install 'dlcli[tune]'"
_ATTEMPTS, _PAUSE = 5, 0.5  # of two hosts that create the tables of an empty database, seconds
_STARTUP = 5  # complete trials before the median prunes
_REDUCTION = 3  # of hyperband
_IMPORTANCE_TRIALS = 4  # complete trials that an importance needs
_PASSWORD = re.compile(r"(?<=//)[^/@]*@")


def require(storage: str, sampler: Sampler) -> None:
    """Raise `UsageError` if a package that the search needs is not installed; imports none."""
    needed = ["optuna", *(["cmaes"] if sampler == "cmaes" else [])]
    if "://" in storage:
        driver = storage.partition("://")[0].partition("+")[2]
        needed += ["sqlalchemy", *([driver] if driver else [])]
    for name in needed:
        if find_spec(name) is None:
            raise UsageError(f"this search needs the package {name}, which is not installed", hint=_HINT)


def opened(place: str) -> Any:
    """Open a storage.

    Args:
        place: path of a journal file, or the URL of a database.

    Raises:
        UsageError: the database cannot be reached.
        DiskError: the journal cannot be written.
    """
    optuna = _optuna()
    if "://" not in place:
        path = Path(place)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                backend = optuna.storages.journal.JournalFileBackend(str(path))
                return optuna.storages.JournalStorage(backend)
            except (ValueError, KeyError) as error:
                raise UsageError(f"--storage {path} must be a journal of a search, found another file") from error
    with _database_errors(place):
        return _retried(lambda: optuna.storages.get_storage(place))


def create(storage: Any, name: str) -> None:
    """Create the study of a search, unless there is one; the lower a value, the better."""
    optuna = _optuna()
    with _database_errors(), _quiet():
        _retried(lambda: optuna.create_study(study_name=name, storage=storage, load_if_exists=True))


def study(
    storage: Any, name: str, sampler: Sampler = "tpe", pruner: Pruner = "none", *, seed: int = 0, steps: int = 1
) -> optuna.Study:
    """Return the study of a search.

    Args:
        storage: that it is in.
        name: of the study.
        sampler: chooses the values of trials.
        pruner: stops runs.
        seed: of the sampler.
        steps: of a run, for the pruner.
    """
    optuna = _optuna()
    with _database_errors(), _quiet():
        samplers, pruners = optuna.samplers, optuna.pruners
        chosen = {
            "tpe": lambda: samplers.TPESampler(seed=seed, constant_liar=True),
            "random": lambda: samplers.RandomSampler(seed=seed),
            "grid": lambda: samplers.RandomSampler(seed=seed),  # the trials are created with their values
            "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        }[sampler]()
        rule = {
            "median": lambda: pruners.MedianPruner(n_startup_trials=_STARTUP),
            "hyperband": lambda: pruners.HyperbandPruner(
                min_resource=max(1, steps // 10), max_resource=steps, reduction_factor=_REDUCTION
            ),
            "none": pruners.NopPruner,
        }[pruner]()
        return optuna.load_study(study_name=name, storage=storage, sampler=chosen, pruner=rule)


def fill(of: optuna.Study, count: int, points: Sequence[Mapping[str, Any]] = ()) -> None:
    """Create waiting trials until there are `count`.

    Args:
        of: the study.
        count: of trials.
        points: values of each trial, by name of the parameter; (): a sampler chooses them.
    """
    with _database_errors(), _quiet():
        for number in range(len(of.get_trials(deepcopy=False)), count):
            of.enqueue_trial(dict(points[number]) if points else {})


def suggest(trial: Any, range_: Range) -> Any:
    """Return the value of a parameter in a trial; the sampler chooses it the first time."""
    with _quiet():
        if isinstance(range_, Choices):
            return trial.suggest_categorical(range_.name, range_.values)
        if range_.whole:
            return trial.suggest_int(range_.name, range_.low, range_.high, log=range_.log)
        return trial.suggest_float(range_.name, range_.low, range_.high, log=range_.log)


def importance(of: optuna.Study) -> dict[str, float]:
    """Return the share of the variance that each parameter explains; {} if there are too few trials.

    Reference: Hutter, Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", 2014,
    ICML.
    """
    optuna = _optuna()
    complete = of.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len(complete) < _IMPORTANCE_TRIALS:
        return {}
    with _quiet():
        try:
            found = optuna.importance.get_param_importances(
                of, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
            )
        except (ValueError, RuntimeError):  # all values are equal, or no parameter is in all trials
            return {}
    return {name: float(share) for name, share in found.items()}


def shown(place: str) -> str:
    """Return a storage for messages, without the user and the password of a database."""
    return _PASSWORD.sub("", place)


def _optuna() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    return optuna


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of Optuna within the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _retried(call: Any) -> Any:
    """Return the result of a call; two hosts that create the tables of an empty database are in each other's way."""
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    for remaining in reversed(range(_ATTEMPTS)):
        try:
            return call()
        except (IntegrityError, ProgrammingError):
            if not remaining:
                raise
            time.sleep(_PAUSE)


@contextmanager
def _database_errors(place: str = "") -> Iterator[None]:
    """Turn errors of a database into one line."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    what = f"--storage {shown(place)}" if place else "the storage of the search"
    optuna = _optuna()
    try:
        yield
    except ArgumentError as error:
        raise UsageError(f"{what} must be a file or the URL of a database: {error}") from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        hint = "check the host, the database and its user" if place else "the same command continues the search"
        raise DiskError(f"{what} cannot be used: {shown(reason)}", hint=hint) from error
