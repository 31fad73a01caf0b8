"""Train a new run: `dlcli train TECHNIQUE`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlcli import api, formats, techniques
from dlcli.cli import console, next_commands, plan, progress, requeue, several, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.interrupts import handled
from dlcli.options.common import DirectOptions
from dlcli.trackers.service import require


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per technique."""
    return verbs.of_techniques("train", run)


def run(technique: str, options: Any, call: Call) -> None:
    """Train a new run, or with `--plan` show what it would do and cost."""
    api.refuse_name(options)
    if technique in techniques.having("resume"):
        _train_in_steps(technique, options, call)
    else:
        _train_directly(technique, options, call)


def _train_in_steps(technique: str, options: Any, call: Call) -> None:
    if call.plan:
        return plan.show(technique, options, call)
    require(options.track)
    if call.resume_if_exists and (folder := requeue.existing(technique, options, call)):
        return requeue.resume(technique, folder, call)
    with progress.importing():
        from dlcli import engine
        from dlcli.trackers.tracking import tracked

        several.connect()
        learner = techniques.learner(technique)
    with handled() as signals:
        events = engine.fit(learner, options, lambda at: signals.caught)
        ended = progress.show(tracked(events, options.track), signals)
        progress.finish(ended, technique, call)


def _train_directly(technique: str, options: DirectOptions, call: Call) -> None:
    """Train a technique that takes no gradient steps."""
    if call.resume_if_exists:
        raise UsageError(f"--resume-if-exists has no effect on {technique}, which is not trained in steps")
    several.train_alone()
    with progress.importing():
        from dlcli.engine import direct

        trainer = techniques.trainer(technique)
    with progress.working(f"reading {options.dataset}"):
        begun = direct.prepare(technique, trainer, options)
    if call.plan:
        return plan.show_direct(begun, call)
    err = console.err()
    err.print(f"{console.plain(options.dataset)} ({formats.sizes(begun.data.sizes)})", soft_wrap=True)
    with progress.working("training"):
        done = direct.train(trainer, begun)
    if call.json:
        console.print_json(direct.summary(done))
    line = progress.metrics_line(done.validation)
    err.print(f"[bold]trained[/] in {formats.duration(done.seconds)}  validation  {line}", soft_wrap=True)
    progress.print_next(done.folder, next_commands.next_commands(done.folder, technique))
