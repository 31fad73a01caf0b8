"""`dlcli train TECHNIQUE`: fits a learner and shows its progress."""

from __future__ import annotations

from typing import Any

from dlcli import techniques
from dlcli.cli import progress
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.interrupts import answered


def run(technique: str, options: Any, call: Call) -> None:
    """Train a new run, or with `--plan` say what that would be."""
    if options.name in techniques.names():
        raise UsageError(f"--name must not be that of a technique, which stands for its latest run, got {options.name}")
    if technique not in techniques.having("resume"):
        from dlcli.cli import direct

        return direct.run(technique, options, call)
    if call.plan:
        from dlcli.cli import plan

        return plan.show(technique, options, call)
    with progress.importing():
        from dlcli import engine

        learner = techniques.learner(technique)
    with answered() as signals:
        ended = progress.show(engine.fit(learner, options, lambda at: signals.caught), signals)
        progress.finish(ended, technique, call)
