"""The forward process of a diffusion model, for an image and for points in the plane."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from dlcli.artifacts import Figure
from dlcli.data import densities
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import ForwardProcess
from dlcli.nn.diffusion import NoiseSchedule, noise_schedule
from dlcli.plot import page, terminal
from dlcli.plot.charts.forward_process import ForwardProcessChart
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.strips import Strip, StripsChart
from dlcli.runs.trained import TrainedRun

_LIMIT = 3.2  # largest coordinate shown of points, in standard deviations of the noise


@dataclasses.dataclass(frozen=True, eq=False)
class _States:
    """x_t at the timesteps shown.

    Attributes:
        closed_form: sampled from q(x_t | x_0), float [timestep, ...].
        step_by_step: sampled from q(x_t | x_{t-1}) repeatedly, float [timestep, ...].
    """

    closed_form: np.ndarray
    step_by_step: np.ndarray


def draw(options: ForwardProcess, run: TrainedRun | None) -> Figure:
    """Draw x_t at some timesteps twice: in closed form, and step by step."""
    options = options if run is None else _of_run(options, run)
    schedule = noise_schedule(options.noise_schedule, options.timesteps)
    shown = np.rint(np.linspace(0, schedule.last, options.count)).astype(int)
    example = subject.example(options, None)
    random = np.random.default_rng(options.seed)
    image = subject.drawable(example.pixels).astype(np.float64) / 127.5 - 1
    facts = densities.mixture(options.density)
    scale = np.sqrt(np.square(facts.modes).mean() + facts.std**2)
    points = densities.draw(facts, options.points, [options.seed]) / scale
    images, clouds = (_diffuse(schedule, each, shown, random) for each in (image, points))
    title = (
        f"forward process q(x_t | x_0), {options.noise_schedule} schedule: {example.source}, density {options.density}"
    )
    alpha_bar = np.square(schedule.coefficients.alpha)
    strips = _strips(images, clouds, np.asarray(facts.modes) / scale, schedule.coefficients.alpha[shown])
    chart = ForwardProcessChart(
        StripsChart(title, strips, [f"t = {timestep}" for timestep in shown]), alpha_bar, shown.tolist()
    )
    numbers = {
        "run": options.run,
        "image": example.source,
        "noise_schedule": options.noise_schedule,
        "timesteps": shown.tolist(),
        "alpha_bar": to_json(alpha_bar[shown]),
        "one_minus_alpha_bar": to_json(1 - alpha_bar[shown]),
        "variance_of_points": {
            "closed_form": to_json(clouds.closed_form.var(axis=1).mean(axis=-1)),
            "step_by_step": to_json(clouds.step_by_step.var(axis=1).mean(axis=-1)),
            "theoretical": to_json(alpha_bar[shown] * points.var(axis=0).mean() + 1 - alpha_bar[shown]),
        },
    }
    drawing = page.forward_process.draw(chart)
    return Figure("forward-process", drawing, numbers, functools.partial(terminal.forward_process.draw, chart))


def _of_run(options: ForwardProcess, run: TrainedRun) -> ForwardProcess:
    """Replace the data and the noise schedule by those of the run."""
    train = run.options
    density = train.dataset in densities.NAMES
    taken = {"density": train.dataset} if density else {"dataset": train.dataset, "image_size": train.image_size}
    taken |= {"noise_schedule": train.noise_schedule or "cosine", "timesteps": train.timesteps}
    if train.data_dir and not options.data_dir:
        taken["data_dir"] = train.data_dir
    return options.model_copy(update=taken)


def _diffuse(schedule: NoiseSchedule, clean: np.ndarray, shown: np.ndarray, random: np.random.Generator) -> _States:
    """Sample x_t from x_0 = `clean` at the timesteps `shown`."""
    closed_form = [
        schedule.coefficients.alpha[timestep] * clean
        + schedule.coefficients.sigma[timestep] * random.standard_normal(clean.shape)
        for timestep in shown
    ]
    x, step_by_step = clean, []
    for timestep, beta in enumerate(schedule.betas):
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * random.standard_normal(clean.shape)
        step_by_step += [x] * int((shown == timestep).sum())
    return _States(np.stack(closed_form), np.stack(step_by_step))


def _strips(images: _States, clouds: _States, modes: np.ndarray, signal: np.ndarray) -> list[Strip]:
    def pictures(states: np.ndarray) -> list[np.ndarray]:
        return [np.clip((state + 1) / 2, 0, 1) for state in states]

    def scatters(states: np.ndarray) -> list[ScatterChart]:
        limits = (-_LIMIT, _LIMIT)
        return [ScatterChart(state, scale * modes, limits) for state, scale in zip(states, signal, strict=True)]

    return [
        Strip("image, closed form", pictures(images.closed_form)),
        Strip("image, step by step", pictures(images.step_by_step)),
        Strip("points, closed form", scatters(clouds.closed_form)),
        Strip("points, step by step", scatters(clouds.step_by_step)),
    ]
