"""Further worker processes of a study, each of which runs the cells that no other process is running.

`python -m dlcli.studies.helpers` is such a process: its standard input describes the study, and the end of standard
input that the process which started it has ended. What it measures it writes into the folder of the study.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlcli import studies
from dlcli.child_processes import running
from dlcli.errors import UserError
from dlcli.files import as_json
from dlcli.notices import warn

_PATIENCE = 10.0  # seconds in which a helper must end


@contextmanager
def helping(name: str, options: Any) -> Iterator[None]:
    """Run `options.workers - 1` further processes of a study within the block.

    A process that fails is reported; its cells are measured by the others.
    """
    line = as_json({"study": name, "options": options.model_dump(mode="json"), "argv": sys.argv}) + "\n"
    # The processes share a device; by default the first would take most of a GPU's memory.
    environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **os.environ}
    module, count = "dlcli.studies.helpers", options.workers - 1
    with running(module, line, count, environment, patience=_PATIENCE) as started:
        yield
        failed = [each.poll() for each in started if each.poll() not in (None, 0)]
        if failed:
            warn(f"{len(failed)} of {count} further workers ended early, with code {failed[0]}")


def main() -> None:
    """Run the study that standard input describes."""
    found = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = found["argv"]
    options: Any = studies.catalogue()[found["study"]].model_validate(found["options"])
    from dlcli.engine.devices import prepare

    try:
        prepare(options.device)
        for _ in studies.run(found["study"], options):
            pass
    except UserError as error:
        os._exit(error.exit_code)
    os._exit(0)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)  # a cell in progress is measured again


if __name__ == "__main__":
    main()
