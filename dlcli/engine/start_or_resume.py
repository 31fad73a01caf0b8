"""Trains a run that may have been begun before: a killed run is resumed, a finished one is left as it is."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.engine.events import Event
from dlcli.engine.learner import Learner
from dlcli.engine.loop import fit, resume
from dlcli.engine.stopping import Rule
from dlcli.options.common import FitOptions
from dlcli.runs.folder import RunFolder

PAUSED = ("SIGINT", "SIGTERM", None)  # reasons after which a run is resumed


def start_or_resume(
    learner_type: type[Learner], options: FitOptions, stop: Rule = lambda progress: None
) -> Iterator[Event]:
    """Train the run in the folder `options.out`, and yield its events; none if it has ended.

    Args:
        learner_type: the technique.
        options: of its `train`; a run in the folder must have been started with the same ones.
        stop: a further rule that ends the run, called after each step.
    """
    folder = options.out
    assert folder is not None
    if not (folder / "options.json").exists():
        yield from fit(learner_type, options, stop)
        return
    ended = RunFolder(folder).info().ended
    if ended is None or ended.reason in PAUSED:
        yield from resume(learner_type, folder, {}, stop)
