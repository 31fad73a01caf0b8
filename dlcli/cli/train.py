"""`dlcli train TECHNIQUE`: fits a learner and shows its progress."""

from __future__ import annotations

from dlcli import techniques
from dlcli.cli import progress
from dlcli.cli.bridge import Call
from dlcli.options import TrainOptions


def run(technique: str, options: TrainOptions, call: Call) -> None:
    """Train a new run, or with `--plan` say what that would be."""
    if call.plan:
        from dlcli.cli import plan

        return plan.show(technique, options, call)
    with progress.importing():
        from dlcli import engine
        from dlcli.engine.stopping import signals

        learner = techniques.learner(technique)
    with signals() as stop:
        ended = progress.show(engine.fit(learner, options, stop), call)
    progress.finish(ended, technique, call)
