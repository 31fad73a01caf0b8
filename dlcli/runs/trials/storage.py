"""The storage of trials: Optuna's record of them, in a journal file or a database.

Trials are created as waiting trials, more than once if several hosts start together: only those with a number below the
count are started, so that exactly as many runs are made however many workers there are.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import DiskError, UsageError
from dlcli.files import disk_errors

if TYPE_CHECKING:
    pass

_HINT = "pip install 'dlcli[tune]'"
_ATTEMPTS, _PAUSE = 5, 0.5  # of two hosts that create the tables of an empty database, seconds
_PASSWORD = re.compile(r"(?<=//)[^/@]*@")


def require(place: str, more: Sequence[str] = ()) -> None:
    """Raise `UsageError` if a package that a storage needs is not installed; imports none.

    Args:
        place: path of a journal file, or the URL of a database.
        more: further packages.
    """
    needed = ["optuna", *more]
    if "://" in place:
        driver = place.partition("://")[0].partition("+")[2]
        needed += ["sqlalchemy", *([driver] if driver else [])]
    for name in needed:
        if find_spec(name) is None:
            raise UsageError(f"--storage needs the package {name}, which is not installed", hint=_HINT)


def opened(place: str) -> Any:
    """Open a storage.

    Args:
        place: path of a journal file, or the URL of a database.

    Raises:
        UsageError: the database cannot be reached.
        DiskError: the journal cannot be written.
    """
    optuna = optuna_module()
    if "://" not in place:
        path = Path(place)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                backend = optuna.storages.journal.JournalFileBackend(str(path))
                return optuna.storages.JournalStorage(backend)
            except (ValueError, KeyError) as error:
                raise UsageError(f"--storage {path} must be a journal of a search, found another file") from error
    with database_errors(place):
        return _retried(lambda: optuna.storages.get_storage(place))


def create(storage: Any, name: str) -> None:
    """Create the study of this name, unless there is one; the lower a value, the better."""
    optuna = optuna_module()
    with database_errors(), quiet():
        _retried(lambda: optuna.create_study(study_name=name, storage=storage, load_if_exists=True))


def fill(storage: Any, study_id: int, count: int) -> None:
    """Create waiting trials until there are `count`."""
    from optuna.trial import TrialState, create_trial

    with database_errors(), quiet():
        for _ in range(len(storage.get_all_trials(study_id, deepcopy=False)), count):
            storage.create_new_trial(study_id, template_trial=create_trial(state=TrialState.WAITING))


def shown(place: str) -> str:
    """Return a storage for messages, without the user and the password of a database."""
    return _PASSWORD.sub("", place)


def optuna_module() -> Any:
    """Return the module `optuna`, silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    return optuna


@contextmanager
def quiet() -> Iterator[None]:
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
def database_errors(place: str = "") -> Iterator[None]:
    """Turn errors of a database into one line."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    what = f"--storage {shown(place)}" if place else "the storage"
    optuna = optuna_module()
    try:
        yield
    except ArgumentError as error:
        raise UsageError(f"{what} must be a file or the URL of a database: {error}") from error
    except ImportError as error:  # optuna's own text does not name the module
        missing = getattr(error.__cause__ or error, "name", None) or "its driver"
        hint = "pip install psycopg[binary], and postgresql+psycopg://…; or another driver that SQLAlchemy knows"
        raise UsageError(f"{what} needs a driver that is not installed: {missing}", hint=hint) from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        hint = "check the host, the database and its user" if place else "the same command continues"
        raise DiskError(f"{what} cannot be used: {shown(reason)}", hint=hint) from error
