"""The learning rate over the steps of training."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_args

import jax
import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import Schedule
from dlcli.formats import command_line, printable
from dlcli.optim import build, schedules
from dlcli.options.common import OptimizerOptions, ScheduleName
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun

_MAX_POINTS = 1_000  # of a line; more are not visible


def draw(options: Schedule, run: TrainedRun | None) -> Figure:
    """Draw a line per schedule, or the schedule of a run."""
    if run is None:
        title, steps, rates = _named(options)
    else:
        title, steps, rates = _of_run(run)
    # Step 1 is the first update, as in metrics.jsonl; schedules count from 0.
    places = np.unique(np.linspace(1, steps, min(steps, _MAX_POINTS)).round().astype(np.int64))
    lines = {name: np.asarray(jax.jit(jax.vmap(rate))(places - 1), np.float64) for name, rate in rates.items()}
    panel = Panel([Line(name, places, values) for name, values in lines.items()], "learning rate")
    numbers: dict[str, Any] = {
        "run": options.run,
        "steps": to_json(places),
        "learning_rate": {name: to_json(values) for name, values in lines.items()},
    }
    chart = LinesChart(title, [panel])
    return Figure("schedule", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))


def _named(options: Schedule) -> tuple[str, int, dict[str, Callable[[Any], Any]]]:
    shape = (options.learning_rate, options.steps, options.warmup_steps)
    names = options.schedule or get_args(ScheduleName)
    title = f"learning rate schedules, peak {options.learning_rate:g}"
    if options.warmup_steps:
        title += f", {options.warmup_steps:,} of {options.steps:,} steps of linear warm-up"
    return title, options.steps, {name: schedules.schedule(name, *shape) for name in names}


def _of_run(trained: TrainedRun) -> tuple[str, int, dict[str, Callable[[Any], Any]]]:
    folder, train = trained.folder, trained.options
    if not isinstance(train, OptimizerOptions):
        raise RunError(
            f"{folder} must be a run with --schedule; its technique has a fixed learning rate schedule",
            hint=f"{command_line('viz', 'learning-curves', '--run', folder, '--metric', 'learning_rate')} draws it",
        )
    ended = (trained.files.raw("run.json").get("ended") or {}).get("step", train.steps)
    stopped = f" (ended at step {ended:,} of {train.steps:,})" if ended < train.steps else ""
    return f"learning rate of {printable(folder.name)}{stopped}", train.steps, {train.schedule: build.schedule(train)}
