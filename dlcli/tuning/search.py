"""A search: its space, its storage and its folder, and the work of one worker."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from dlcli import activity
from dlcli.options.fields import Options
from dlcli.runs.trials import storage
from dlcli.runs.trials.claims import Claims
from dlcli.tuning import sampling
from dlcli.tuning.events import Event
from dlcli.tuning.folder import SearchFolder, open_folder
from dlcli.tuning.options import TuneOptions
from dlcli.tuning.ranges import parse
from dlcli.tuning.space import Space

_POLL = 1.0  # seconds between two looks at the trials of other hosts


@dataclasses.dataclass(frozen=True)
class Search:
    """A search that is open in this process.

    Attributes:
        space: what it varies.
        options: of the search.
        folder: on this host.
        place: path or URL of the storage.
        count: number of trials.
    """

    space: Space
    options: TuneOptions
    folder: SearchFolder
    place: str
    count: int


def space_of(technique: str, options: TuneOptions, given: dict[str, Any]) -> Space:
    """Return the checked space of a search.

    Args:
        technique: its name.
        options: of the search.
        given: the options of all runs that are given, by name.

    Raises:
        UsageError: a range or an option is not valid.
    """
    from dlcli import techniques

    model: type[Options] = techniques.options(technique, "train")
    found = Space.of(technique, given, parse(model, options.param, given))
    found.check()
    return found


def begin(space: Space, options: TuneOptions) -> Search:
    """Open the folder and the storage of a search, and create its trials.

    Raises:
        UserError: one of them cannot be used.
    """
    require(options)
    points = space.grid() if options.sampler == "grid" else []
    count = len(points) or options.trials
    database = storage.opened(options.storage) if "://" in options.storage else None  # before a folder is created
    folder = open_folder(space, options.out, options.name)
    place = options.storage or str(folder.journal)
    opened = database or storage.opened(place)
    storage.create(opened, folder.name)
    storage.fill(opened, opened.get_study_id_from_name(folder.name), count)
    return Search(space, options, folder, place, count)


def require(options: TuneOptions) -> None:
    """Raise `UsageError` if a package that the search needs is not installed; imports none."""
    storage.require(options.storage, ["cmaes"] if options.sampler == "cmaes" else [])


def work(search: Search, stop: Callable[[], str | None], deadline: float | None = None) -> Iterator[Event]:
    """Work on one trial after the other until none is left, and yield events.

    At the end, trials of other hosts are waited for: one whose host is lost is taken over.

    Args:
        search: to work on.
        stop: returns the name of a signal to pause at, or None.
        deadline: time since 1970 at which to pause; None: never.
    """
    from dlcli.tuning.trial import run_trial

    def reason() -> str | None:
        return stop() or ("time" if deadline is not None and time.time() >= deadline else None)

    opened = storage.opened(search.place)
    study_id = opened.get_study_id_from_name(search.folder.name)
    points = search.space.grid() if search.options.sampler == "grid" else []
    claims = Claims(opened, study_id, search.folder.locks, search.count)
    while not reason():
        with claims.next() as claim:
            if claim is not None:
                if points:
                    sampling.fix(opened, claim.id, points[claim.number])
                yield from run_trial(search, opened, claim, reason)
        if claim is None:
            if not (count := claims.elsewhere()):
                activity.report("")
                return
            activity.report(f"waiting for {count} {'trial' if count == 1 else 'trials'} of other hosts")
            time.sleep(_POLL)
