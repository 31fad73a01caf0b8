"""Shows waiting times, and a training run from its first line to the next commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dlcli import formats
from dlcli.cli import console, next_commands, progress_lines
from dlcli.cli.display import Display
from dlcli.cli.training_display import TrainingDisplay
from dlcli.cli.typer_options import Call
from dlcli.formats import command_line
from dlcli.interrupts import CODES, Signals

if TYPE_CHECKING:
    from dlcli.engine import Ended, Event

REASONS = {
    "steps": "reached --steps",
    "patience": "early stopping: the validation metric did not improve",
    "time": "reached --max-time",
    "pruned": "pruned by the search",
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
}


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show an activity and its duration: "reading  0:12"."""
    with Display(console.err()) as display:
        display.busy(what)
        yield


def importing() -> AbstractContextManager[None]:
    """Show that jax is loading, which takes seconds."""
    return working("loading jax")


def load_jax() -> None:
    """Load jax, and show that this takes a while."""
    with importing():
        import_module("dlcli.engine.devices")


def show(events: Iterable[Event], signals: Signals) -> Ended:
    """Show each event on standard error, and return the last.

    Args:
        events: of a run.
        signals: the caught signals; what a signal does depends on the state of the run.
    """
    from dlcli.engine import Ended

    event = None
    with Display(console.err()) as display:
        shown = TrainingDisplay(display, signals)
        for event in events:
            shown.show(event)
    assert isinstance(event, Ended)
    return event


def finish(ended: Ended, technique: str, call: Call) -> None:
    """Print why training ended, its best and last metrics and the next commands; exit with the code of the reason."""
    if call.json:
        console.print_json(summary(ended))
    err = console.err()
    err.print(
        f"[bold]{REASONS[ended.reason]}[/] at step {ended.step}, after {formats.duration(ended.seconds)} of training"
    )
    if ended.best_step is not None:
        width = err.width if err.is_terminal else None
        for name, metrics in ((f"best, step {ended.best_step}", ended.best), ("last", ended.last)):
            err.print(
                console.plain(progress_lines.fit([name, *progress_lines.entries(metrics)], width)), soft_wrap=True
            )
    resumed = [command_line("resume", ended.folder)] if ended.reason in (*CODES, "time") else []
    print_next(ended.folder, [*resumed, *next_commands.next_commands(ended.folder, technique)])
    if code := CODES.get(ended.reason):
        raise typer.Exit(code)


def print_next(folder: Path, lines: Iterable[str]) -> None:
    """Print where a run is saved, and the commands that read it."""
    err = console.err()
    err.print(f"saved in {console.plain(folder)}; next:", soft_wrap=True)
    for line in lines:
        err.print(f"  {console.plain(line)}", soft_wrap=True)


def summary(ended: Ended) -> dict[str, Any]:
    """Return the JSON object of a finished training."""
    return {
        "run": str(ended.folder),
        "reason": ended.reason,
        "step": ended.step,
        "best_step": ended.best_step,
        "best": dict(ended.best),
        "last": dict(ended.last),
        "seconds": ended.seconds,
    }


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Return metrics with their names on one line, the most important first."""
    return "  ".join(progress_lines.entries(metrics))
