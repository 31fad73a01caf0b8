"""The main program of a worker process: `python -m dlcli.tuning.worker`.

Its first line of standard input describes the search; it sends events as lines on standard output. The end of standard
input means that the process that started it has ended: the run is then saved, and the worker ends too.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

from dlcli.errors import UserError
from dlcli.files import as_json
from dlcli.interrupts import CODES, exit_now, handled
from dlcli.tuning import options as search_options
from dlcli.tuning.events import to_line
from dlcli.tuning.folder import SearchFolder
from dlcli.tuning.loop import work
from dlcli.tuning.search import Search, space_of


def description(search: Search, deadline: float | None) -> str:
    """Return the line that describes a search to a worker."""
    chosen = search.options.model_dump(mode="json", include=set(search.options.model_fields_set))
    found = {
        "technique": search.space.technique,
        "chosen": chosen,
        "fixed": sorted(search.space.fixed),
        "folder": [str(search.folder.path), search.folder.id, search.folder.name],
        "place": search.place,
        "count": search.count,
        "deadline": deadline,
        "argv": sys.argv,
    }
    return as_json(found) + "\n"


def main() -> None:
    """Work on the search that standard input describes."""
    found = json.loads(sys.stdin.readline())
    sys.argv = found["argv"]  # a run records the command that made it
    orphaned = threading.Event()
    threading.Thread(target=_wait_for_end, args=[orphaned], daemon=True).start()
    with handled() as signals:
        signals.on_signal = lambda name: None  # the run is saved first
        try:
            events = work(
                _search(found), lambda: signals.caught or ("SIGTERM" if orphaned.is_set() else None), found["deadline"]
            )
            for event in events:
                _send(to_line(event))
            exit_now(CODES.get(signals.caught or "", 0))
        except UserError as error:
            _send(as_json({"error": {"code": error.exit_code, "message": str(error), "hint": error.hint}}))
            exit_now(error.exit_code)


def _wait_for_end(orphaned: threading.Event) -> None:
    sys.stdin.read()
    orphaned.set()


def _search(found: dict[str, Any]) -> Search:
    path, id, name = found["folder"]
    model = search_options.model(found["technique"])
    options = model.model_validate(found["chosen"])
    fixed = {name: getattr(options, name) for name in found["fixed"]}
    space = space_of(found["technique"], options, fixed)
    return Search(space, options, SearchFolder(Path(path), id, name), found["place"], found["count"])


def _send(line: str) -> None:
    with contextlib.suppress(OSError):  # the reader is gone; the run is saved next
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
