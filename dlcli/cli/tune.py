"""Search hyperparameters of a technique: `dlcli tune TECHNIQUE --param NAME=RANGE`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import typer

from dlcli import activity
from dlcli.cli import console, output, progress, progress_lines, verbs
from dlcli.cli.display import Display
from dlcli.cli.typer_options import Call
from dlcli.formats import option
from dlcli.interrupts import CODES, handled
from dlcli.options.fields import flag
from dlcli.tuning import options as search_options
from dlcli.tuning.events import Begun, Event, Finished, Moved, Paused
from dlcli.tuning.options import TuneOptions
from dlcli.tuning.search import begin, require, space_of


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per technique that trains in steps."""
    return verbs.of_searches(search_options.model, run)


def run(technique: str, options: TuneOptions, call: Call) -> None:
    """Run the search with a line per trial on standard error; then print its table, and draw its figure."""
    given = [name for name, origin in call.origins.items() if origin != "default"]
    fixed = {name: getattr(options, name) for name in given if name not in TuneOptions.model_fields}
    space = space_of(technique, options, fixed)
    require(options)
    deadline = None if options.time is None else time.time() + options.time
    with progress.importing():
        from dlcli.tuning import results
        from dlcli.tuning.workers import work_together
    with handled() as signals, Display(console.err()) as display:
        display.busy("opening the storage")
        search = begin(space, options)
        signals.exit_message = lambda: f"{results.continue_command(sys.argv)} continues the search"
        signals.on_signal = lambda name: display.print("[bold]stopping; saving the runs …[/]")
        shown = _Lines(display, search.count, results.read(search))
        for event in work_together(search, lambda: signals.caught, deadline):
            shown.show(event)
        caught_signal = signals.caught
    _finish(results.read(search), options, call)
    if code := CODES.get(caught_signal or ""):
        raise typer.Exit(code)


class _Lines:
    """Shows the events of a search: a line per finished trial, and the progress of the runs."""

    def __init__(self, display: Display, count: int, before: Any):
        self._display, self._count = display, count
        self._done = sum(each.state not in ("running", "waiting") for each in before.trials)
        best = before.best
        self._best = None if best is None else (best.value, best.number)
        self._running: dict[int, tuple[int, int]] = {}
        if self._done:
            display.print(f"continuing: {self._done} of {count} trials are done{self._text()}")

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Begun():
                self._running[event.number] = (0, 0)
                if event.resumed:
                    self._display.print(f"[dim]trial {event.number}  continues its run[/]")
            case Moved():
                self._running[event.number] = (event.step, event.steps)
            case Paused():
                self._running.pop(event.number, None)
                self._display.print(f"trial {event.number}  saved at step {event.step:,}")
            case Finished():
                self._finished(event)
        steps = [step for step, _ in self._running.values()]
        numbers = ", ".join(map(str, sorted(self._running)))
        what = f"{self._done} of {self._count} trials{self._text()}  running {numbers}" if steps else ""
        activity.report(what, sum(steps), sum(total for _, total in self._running.values()) or None)

    def _finished(self, event: Finished) -> None:
        self._done += 1
        self._running.pop(event.number, None)
        value = "" if event.value is None else f"{event.metric.replace('_', ' ')} {progress_lines.number(event.value)}"
        best = self._is_best(event)
        if best:
            self._best = (event.value, event.number)
        chosen = "  ".join(f"{flag(name)} {option(name, each)}" for name, each in event.values.items())
        parts = [
            f"trial {event.number}",
            value,
            "" if event.state == "complete" else event.state,
            event.message or chosen,
        ]
        line = console.plain(progress_lines.fit(filter(None, parts), self._display.width))
        self._display.print(f"{line}  [green]best[/]" if best else line)

    def _is_best(self, event: Finished) -> bool:
        if event.state != "complete" or event.value is None:
            return False
        return self._best is None or (event.value > self._best[0] if event.rising else event.value < self._best[0])

    def _text(self) -> str:
        return "" if self._best is None else f"  best {progress_lines.number(self._best[0])} (trial {self._best[1]})"


def _finish(found: Any, options: TuneOptions, call: Call) -> None:
    """Print the table, the figure and the next commands."""
    from dlcli.plot.page.files import save
    from dlcli.tuning import results
    from dlcli.tuning.figure import figure

    table = results.table(found)
    figure_path = None
    if drawn := figure(found):
        figure_path = found.search.folder.path / f"{drawn.name}.png"
        save(drawn.drawing, figure_path)
    if call.json:
        console.print_json({**table.numbers, "file": None if figure_path is None else str(figure_path)})
        return
    output.write(table, call)
    if drawn and options.show:
        output.sketch(drawn.sketch)
    if figure_path is not None:
        console.write(figure_path)
    if left := sum(each.state in ("waiting", "running") for each in found.trials):
        console.err().print(f"{left} trials are not done: the same command continues the search")
    if found.best is not None:
        progress.print_next(found.folder(found.best), results.next_commands(found))
