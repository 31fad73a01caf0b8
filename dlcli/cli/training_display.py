"""Shows the events of one training run, and prints the effect of a signal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli import formats
from dlcli.cli import console, progress_lines
from dlcli.cli.display import Display
from dlcli.cli.progress_lines import TrainingState
from dlcli.cli.throughput import Throughput
from dlcli.formats import command_line
from dlcli.interrupts import Signals

if TYPE_CHECKING:
    from dlcli.engine import (
        Compiled,
        Compiling,
        Ended,
        Event,
        Initialized,
        RangeTested,
        Reported,
        Started,
        Stepped,
        Validated,
        Validating,
    )

_LINE_SECONDS = 2.0  # between two reports that are printed as lines


class TrainingDisplay:
    """Shows one run; for each kind of event there is a method of its name."""

    def __init__(self, display: Display, signals: Signals):
        """Show the run on `display`; `signals` are handled while there is something to save."""
        self._display, self._signals = display, signals
        self._folder: Path | None = None
        self._steps = 0
        self._throughput = Throughput(time.monotonic(), 0)
        self._metrics: dict[str, float] = {}
        self._activity = ""
        self._printed = float("-inf")  # time of the last report that was printed as a line
        display.busy("reading the data")

    def show(self, event: Event) -> None:
        """Show one event."""
        getattr(self, f"_{type(event).__name__.lower()}", lambda event: None)(event)

    def _started(self, event: Started) -> None:
        self._steps, self._folder = event.steps, event.folder
        self._throughput = Throughput(time.monotonic(), event.step)
        self._signals.exit_message = self._farewell
        for line in progress_lines.pack(_opening(event), self._display.width):
            self._display.print(console.plain(line))

    def _initialized(self, event: Initialized) -> None:
        for line in progress_lines.initialized(event.taken):
            self._display.print(console.plain(line))

    def _rangetested(self, event: RangeTested) -> None:
        for line in progress_lines.range_tested(event.test, self._display.width):
            self._display.print(console.plain(line))

    def _compiling(self, event: Compiling) -> None:
        self._activity = f"compiling {event.what}"
        self._display.busy("initializing the weights" if event.what == "initial weights" else self._activity)
        if event.what == "training step":  # from here on there is a saved state
            self._signals.on_signal = self._answer

    def _compiled(self, event: Compiled) -> None:
        self._idle(once=True)
        done = "initialized the weights" if event.what == "initial weights" else f"compiled {event.what}"
        self._display.print(f"[dim]{done} in {event.seconds:.1f} s[/]")

    def _stepped(self, event: Stepped) -> None:
        self._throughput.at(time.monotonic(), event.step)
        if event.metrics is not None:
            self._metrics = dict(event.metrics)
        self._move(event.step)

    def _reported(self, event: Reported) -> None:
        now = time.monotonic()
        self._throughput.at(now, event.step)
        self._metrics = dict(event.metrics)
        self._move(event.step)
        if not self._display.live and (now - self._printed >= _LINE_SECONDS or event.step == self._steps):
            at = TrainingState(
                event.step, self._steps, event.rate, self._throughput.left(now, self._steps), event.metrics
            )
            self._display.print(progress_lines.report(at, self._display.width))
            self._printed = now

    def _validating(self, event: Validating) -> None:
        self._activity = "validating"
        self._display.busy(self._activity)

    def _validated(self, event: Validated) -> None:
        self._idle()
        line = progress_lines.validation(event.step, event.metrics, best=event.best, width=self._display.width)
        self._display.print(line.removesuffix("best") + "[green]best[/]" if event.best else line)

    def _ended(self, event: Ended) -> None:
        if self._signals.caught is None:  # everything is saved
            self._signals.on_signal = None

    def _idle(self, *, once: bool = False) -> None:
        self._activity = ""
        self._display.idle()
        self._throughput.resume(time.monotonic(), once=once)

    def _move(self, step: int) -> None:
        left = self._throughput.left(time.monotonic(), self._steps)
        self._display.move(TrainingState(step, self._steps, self._throughput.rate, left, self._metrics))

    def _answer(self, signal: str) -> None:
        """Print the effect of the first signal."""
        again = "; press again to quit at once"
        if self._activity.startswith("compiling"):
            line = f"{self._activity} cannot be interrupted; stopping after it, then saving …{again}"
        elif self._activity:
            line = f"stopping and saving; the validation is repeated when the run is resumed …{again}"
        else:
            line = f"stopping after this step; saving …{again}"
        self._display.print(f"[bold]{line}[/]")
        self._display.busy("stopping")

    def _farewell(self) -> str:
        """Return the last saved step and the command that continues from it; called as the process ends."""
        assert self._folder is not None
        if not (self._folder / "options.json").exists():
            from dlcli.runs.writer import RunWriter

            RunWriter(self._folder).discard(folder=True)
            return "nothing was trained yet"
        steps = [int(each.name) for each in self._folder.glob("checkpoints/*") if each.name.isdecimal()]
        resumed = command_line("resume", self._folder)
        if not steps:
            return f"nothing was trained yet; {resumed} starts it"
        return f"step {max(steps)} is the last saved step; {resumed} continues from it"


def _opening(event: Started) -> list[str]:
    start = f" from step {event.step:,}" if event.step else ""
    return [
        event.device,
        event.dtype,
        f"{event.dataset} ({formats.sizes(event.sizes, event.validated)})",
        f"{event.parameters:,} parameters" + (f" ({event.frozen:,} frozen)" if event.frozen else ""),
        f"{event.steps:,} steps{start}",
        str(event.folder),
    ]
