"""Resume a run that was interrupted, stopped or finished: `dlcli resume RUN`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlcli import techniques
from dlcli.cli import progress, several, verbs
from dlcli.cli.typer_options import Call
from dlcli.interrupts import handled
from dlcli.options.common import Options, RunArgument
from dlcli.techniques.opening import check_changes, open_run
from dlcli.trackers.service import require

# Options that `--help` shows.
SHORT_HELP = (
    "run",
    "steps",
    "epochs",
    "max_time",
    "patience",
    "learning_rate",
    "validate_every",
    "save_every",
    "device",
)


class Common(Options):
    """Options of every technique; the others change options of the run."""

    examples = ("dlcli resume cnn", "dlcli resume runs/cnn-digits-20261122-141503 --steps 4000")
    run: RunArgument


def commands() -> Iterator[verbs.Entry]:
    """Yield the command, with the options of all techniques."""
    return verbs.of_any_run("resume", Common, run, SHORT_HELP)


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run, apply the changes and continue training."""
    run = open_run(given.pop("run"))
    check_changes(run, given)
    track = given.get("track", run.options.track)
    require(track)
    with progress.importing():
        from dlcli import engine
        from dlcli.trackers.tracking import tracked

        learner = techniques.learner(run.technique)
    several.connect()
    with handled() as signals:
        events = engine.resume(learner, run.folder, given, lambda at: signals.caught)
        ended = progress.show(tracked(events, track), signals)
        progress.finish(ended, run.technique, call)
