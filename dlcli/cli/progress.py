"""Draws the events of a training run: a live bar on a terminal, one plain line a report elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import typer

from dlcli.cli import console, hints
from dlcli.cli.bridge import Call

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from dlcli.engine import Compiled, Compiling, Ended, Event, Scored, Started, Trained

REASONS = {
    "steps": "all steps made",
    "patience": "stopped early: the validation did not improve",
    "time": "--max-time is over",
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
}
_EXIT_CODES = {"SIGINT": 130, "SIGTERM": 143}


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something happens: "reading …"."""
    err = console.err()
    if not err.is_terminal:
        yield
        return
    with err.status(f"{what} …"):
        yield


def importing() -> AbstractContextManager[None]:
    """Show that something happens while jax loads, which takes seconds."""
    return working("loading jax")


def show(events: Iterable[Event], call: Call) -> Ended:
    """Run through `events`, show each on standard error, and return the last."""
    from dlcli.engine import Ended

    err = console.err()
    live = err.is_terminal and os.environ.get("TERM") != "dumb"
    event = None
    with _bars(err, live) as bars:
        display = Display(bars, live)
        for event in events:
            display.show(event)
    assert isinstance(event, Ended)
    return event


class Display:
    """The lines and bars of one run; a method for each kind of event, named for it."""

    def __init__(self, bars: Progress, live: bool):
        self._bars, self._live = bars, live
        self._bar = bars.add_task("", total=None, visible=False)
        self._wait = bars.add_task("", total=None, visible=False)
        self._steps = 0

    def show(self, event: Event) -> None:
        """Draw one event."""
        getattr(self, f"_{type(event).__name__.lower()}", lambda event: None)(event)

    def _started(self, event: Started) -> None:
        self._steps = event.steps
        self._bars.update(self._bar, total=event.steps, completed=event.step)
        self._print(_opening(event))

    def _compiling(self, event: Compiling) -> None:
        self._bars.reset(self._wait, description=f"compiling {event.what}", visible=True)

    def _compiled(self, event: Compiled) -> None:
        self._bars.update(self._wait, visible=False)
        self._print(f"[dim]compiled {event.what} in {event.seconds:.1f} s[/]")

    def _trained(self, event: Trained) -> None:
        line = f"{metrics_line(event.metrics)}  {event.rate:.1f} steps/s"
        self._bars.update(self._bar, completed=event.step, description=line, visible=True)
        if not self._live:
            left = (self._steps - event.step) / max(event.rate, 1e-9)
            self._print(f"step {event.step}  {line}  {event.step / self._steps:.0%}  {spent(left)} left")

    def _scored(self, event: Scored) -> None:
        mark = "  [green]best[/]" if event.best else ""
        self._print(f"step {event.step}  validation  {metrics_line(event.metrics)}{mark}")

    def _print(self, line: str) -> None:
        self._bars.console.print(line, soft_wrap=True)


def finish(ended: Ended, technique: str, call: Call) -> None:
    """Say why training ended, what is best, and what to do next; exit as the reason asks."""
    if call.json:
        console.print_json(summary(ended))
    err = console.err()
    err.print(f"[bold]{REASONS[ended.reason]}[/] at step {ended.step}, after {spent(ended.seconds)} of training")
    if ended.best_step is not None:
        err.print(
            f"best at step {ended.best_step}  {metrics_line(ended.best)}   last  {metrics_line(ended.last)}",
            soft_wrap=True,
        )
    err.print(f"saved in {console.plain(ended.folder)}; next:", soft_wrap=True)
    resumed = [f"dlcli resume {ended.folder}"] if ended.reason in (*_EXIT_CODES, "time") else []
    for line in [*resumed, *hints.next_commands(ended.folder, technique)]:
        err.print(f"  {console.plain(line)}", soft_wrap=True)
    if code := _EXIT_CODES.get(ended.reason):
        raise typer.Exit(code)


def summary(ended: Ended) -> dict[str, Any]:
    """Return what `--json` prints at the end of a training."""
    return {
        "run": str(ended.folder),
        "reason": ended.reason,
        "step": ended.step,
        "best_step": ended.best_step,
        "best": dict(ended.best),
        "last": dict(ended.last),
        "seconds": ended.seconds,
    }


def _bars(err: Console, live: bool) -> Progress:
    from rich import progress  # here, since `--help` needs none of it

    columns = (
        progress.SpinnerColumn(),
        progress.BarColumn(bar_width=20),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.description}"),
    )
    return progress.Progress(*columns, console=err, disable=not live, transient=True)


def _opening(event: Started) -> str:
    sizes = ", ".join(f"{size:,} {name}" for name, size in event.sizes.items())
    begun = f" from step {event.step:,}" if event.step else ""
    return (
        f"{event.device} · {event.dtype} · {console.plain(event.dataset)} ({sizes}) · {event.parameters:,} parameters"
        f" · {event.steps:,} steps{begun} · [bold]{console.plain(event.folder)}[/]"
    )


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Return names and values in one line, the most important first."""
    first = [name for name in ("loss", "accuracy") if name in metrics]
    names = [*first, *(name for name in metrics if name not in first)]
    return "  ".join(f"{name.replace('_', ' ')} {_number(metrics[name])}" for name in names)


def _number(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.2e}"


def spent(seconds: float) -> str:
    """Return a time in words."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
