"""How several processes open one run: process 0 takes the folder, and all must train the same run on the same data."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlcli.engine import group
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.files import as_json
from dlcli.formats import command_line
from dlcli.interface import Data
from dlcli.options.common import FitOptions
from dlcli.options.fields import flag
from dlcli.runs import new
from dlcli.runs.follower import Follower
from dlcli.runs.parts import Exchange
from dlcli.runs.writer import RunWriter

_LOCAL = {"out", "name", "data_dir"}  # options whose paths may differ between hosts


@contextmanager
def started(technique: str, options: FitOptions) -> Iterator[RunWriter]:
    """Take the folder of a new run in process 0, and open it in the others."""
    if group.current().first:
        with new.started(technique, options) as run:
            group.current().agreed(str(run.folder.absolute()))
            yield _resumable(run)
    else:
        with Follower(Path(group.current().agreed(""))) as run:
            yield _resumable(run)


def opened(folder: Path) -> RunWriter:
    """Open the folder of a run: to write in process 0, to read in the others."""
    return _resumable(RunWriter(folder) if group.current().first else Follower(folder))


def _resumable(run: RunWriter) -> RunWriter:
    """Let an error that ends all processes name the command that continues the run, and agree on where parts go."""

    def hint() -> str:
        return f"{command_line('resume', run.folder)} continues it" if run.saved_steps() else ""

    group.current().resume_hint = hint
    if group.current().count > 1:
        token = group.current().agreed(secrets.token_hex(4))
        run.exchange = Exchange(group.current().index, group.current().count, token)
    return run


def require_same_run(run: RunWriter, options: FitOptions, data: Data, step: int) -> None:
    """Raise an error unless all processes train the same run, on the same data, from the same step.

    Args:
        run: the run.
        options: that this process was started with.
        data: that it has opened.
        step: of the checkpoint that it has read; 0 for a new run.

    Raises:
        UsageError: the options differ from those of process 0.
        DatasetError: the data does.
        RunError: the checkpoint does.
    """
    mine = json.loads(as_json(options.model_dump(mode="json", exclude=_LOCAL)))
    theirs = json.loads(group.current().agreed(as_json({"options": mine, "digest": data.digest, "step": step})))
    if other := [flag(name) for name, value in mine.items() if theirs["options"].get(name) != value]:
        raise UsageError(f"all processes must have the same options, found another {', '.join(other)} in process 0")
    if data.digest != theirs["digest"]:
        raise DatasetError(f"{options.dataset} must be the same data in all processes, found other data in process 0")
    if step != theirs["step"]:
        raise RunError(
            f"{run.folder} must be on a file system that all processes share: its last checkpoint is of step {step}"
            f" here, of step {theirs['step']} in process 0"
        )
