"""The work of one worker of a search: one trial after the other, until none is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dlcli import activity
from dlcli.runs.trials import storage
from dlcli.runs.trials.claims import Claims
from dlcli.tuning import sampling
from dlcli.tuning.events import Event
from dlcli.tuning.search import Search
from dlcli.tuning.trial import run_trial

_POLL = 1.0  # seconds between two looks at the trials of other hosts


def work(search: Search, stop: Callable[[], str | None], deadline: float | None = None) -> Iterator[Event]:
    """Work on one trial after the other until none is left, and yield events.

    At the end, trials of other hosts are waited for: one whose host is lost is taken over.

    Args:
        search: to work on.
        stop: returns the name of a signal to pause at, or None.
        deadline: time since 1970 at which to pause; None: never.
    """

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
