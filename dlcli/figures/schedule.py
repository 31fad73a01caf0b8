"""The learning rate over the steps of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import jax
import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import RunError
from dlcli.figures.numbers import listed
from dlcli.figures.options.training import Schedule
from dlcli.formats import command_line, printable
from dlcli.optim import build, schedules
from dlcli.options.common import OptimizerOptions, ScheduleName
from dlcli.plot import curves, terminal
from dlcli.plot.series import Panel, Series
from dlcli.runs.trained import TrainedRun

_POINTS = 1_000  # on a line; more cannot be seen


def draw(options: Schedule, run: TrainedRun | None) -> Figure:
    """Draw one line for each schedule, or that of a run."""
    if run is None:
        title, steps, rates = _named(options)
    else:
        title, steps, rates = _of_run(run)
    # Step 1 is the first update, as in reports; schedules count from 0.
    places = np.unique(np.linspace(1, steps, min(steps, _POINTS)).round().astype(np.int64))
    lines = {name: np.asarray(jax.jit(jax.vmap(rate))(places - 1), np.float64) for name, rate in rates.items()}
    panel = Panel([Series(name, places, values) for name, values in lines.items()], "learning rate")
    numbers: dict[str, Any] = {
        "run": options.run,
        "steps": listed(places),
        "learning_rate": {name: listed(values) for name, values in lines.items()},
    }
    return Figure(
        "schedule",
        curves.curves([panel], title=title),
        numbers,
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: terminal.charts([panel], width=width, colour=colour, most=left),
        ),
    )


def _named(options: Schedule) -> tuple[str, int, dict[str, Callable[[Any], Any]]]:
    shape = (options.learning_rate, options.steps, options.warmup_steps)
    names = options.schedule or get_args(ScheduleName)
    title = f"learning rate with a peak of {options.learning_rate:g}"
    if options.warmup_steps:
        title += f", after {options.warmup_steps:,} of {options.steps:,} steps of warm-up"
    return title, options.steps, {name: schedules.schedule(name, *shape) for name in names}


def _of_run(trained: TrainedRun) -> tuple[str, int, dict[str, Callable[[Any], Any]]]:
    folder, train = trained.folder, trained.options
    if not isinstance(train, OptimizerOptions):
        raise RunError(
            f"{folder} must be a run with a schedule, and its learning rate follows a rule of its own",
            hint=f"{command_line('viz', 'learning-curves', '--run', folder, '--metric', 'learning_rate')} draws it",
        )
    ended = (trained.files.raw("run.json").get("ended") or {}).get("step", train.steps)
    stopped = f", which ended at step {ended:,} of {train.steps:,}" if ended < train.steps else ""
    return f"learning rate of {printable(folder.name)}{stopped}", train.steps, {train.schedule: build.schedule(train)}
