"""Noise schedules of diffusion models: the signal-to-noise ratio over the time."""

from __future__ import annotations

import functools
from typing import get_args

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import NoiseSchedule
from dlcli.formats import printable
from dlcli.nn.diffusion import ScheduleName, noise_schedule
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun

_MAX_POINTS = 500  # of a line; more are not visible


def draw(options: NoiseSchedule, run: TrainedRun | None) -> Figure:
    """Draw the ratio alpha² / sigma² and the fraction of the signal for each schedule, or for that of a run."""
    if run is None:
        names: tuple[ScheduleName, ...] = get_args(ScheduleName)
        schedules = {name: noise_schedule(name, options.timesteps) for name in names}
        title = f"noise schedules of {options.timesteps:,} timesteps"
    else:
        schedules = {run.learner.noise_schedule_name: run.learner.noise_schedule}
        title = f"noise schedule of {printable(run.folder.name)}"
    ratios, signals, numbers = [], [], {}
    for name, schedule in schedules.items():
        shown = np.unique(np.rint(np.linspace(1, schedule.last, _MAX_POINTS)).astype(int))
        alpha, sigma = (each[shown] for each in schedule.coefficients[:2])
        ratio, signal = np.square(alpha / sigma), np.square(alpha) / (np.square(alpha) + np.square(sigma))
        ratios.append(Line(name, shown, ratio))
        signals.append(Line(name, shown, signal))
        numbers[name] = {
            "timesteps": shown.tolist(),
            "alpha": to_json(alpha),
            "sigma": to_json(sigma),
            "signal_to_noise": to_json(ratio),
        }
    panels = [
        Panel(ratios, "signal-to-noise ratio alpha² / sigma²", log=True),
        Panel(signals, "signal, of the variance"),
    ]
    chart = LinesChart(title, panels, xlabel="timestep t, from data to noise")
    sketch = functools.partial(terminal.lines.draw, chart)
    return Figure("noise-schedule", page.lines.draw(chart), {"run": options.run, "schedules": numbers}, sketch)
