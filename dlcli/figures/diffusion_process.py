"""How an image and points in the plane drown in noise, level by level."""

from __future__ import annotations

import dataclasses

import numpy as np

from dlcli.artifacts import Figure
from dlcli.data import densities
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.generative import DiffusionProcess
from dlcli.nn.diffusion import NoiseSchedule, noise_schedule
from dlcli.plot import drowning, terminal
from dlcli.plot.drowning import Shares, Strip
from dlcli.plot.plane import Cloud
from dlcli.plot.series import Panel, Series
from dlcli.plot.tiles import Grid, Row
from dlcli.runs.trained import TrainedRun

_REACH = 3.2  # of the plane that is shown, in deviations of the noise
_SKETCHED = 5  # levels that the terminal shows


@dataclasses.dataclass(frozen=True, eq=False)
class _Drowned:
    """States of one thing at the levels shown, each float [level, ...]: in closed form, and by single steps."""

    closed: np.ndarray
    simulated: np.ndarray


def draw(options: DiffusionProcess, run: TrainedRun | None) -> Figure:
    """Draw each level twice: mixed at once, and reached by as many single steps."""
    options = options if run is None else _of_run(options, run)
    path = noise_schedule(options.noise_schedule, options.timesteps)
    shown = np.rint(np.linspace(0, path.last, options.count)).astype(int)
    example = subject.example(options, None)
    random = np.random.default_rng(options.seed)
    image = subject.drawable(example.pixels).astype(np.float64) / 127.5 - 1
    facts = densities.mixture(options.density)
    scale = np.sqrt(np.square(facts.modes).mean() + facts.std**2)
    points = densities.draw(facts, options.points, [options.seed]) / scale
    images, clouds = (_drown(path, each, shown, random) for each in (image, points))
    title = f"{example.source} and the density {options.density} drown in noise: {options.noise_schedule} schedule"
    shares = Shares(np.square(path.coefficients.alpha), np.square(path.coefficients.sigma), shown.tolist())
    strips = _strips(images, clouds, np.asarray(facts.modes) / scale, path.coefficients.alpha[shown])
    captions = [f"t = {level}" for level in shown]
    numbers = {
        "run": options.run,
        "image": example.source,
        "schedule": options.noise_schedule,
        "levels": shown.tolist(),
        "signal": listed(shares.signal[shown]),
        "noise": listed(shares.noise[shown]),
        "variance_of_points": {
            "closed_form": listed(clouds.closed.var(axis=1).mean(axis=-1)),
            "single_steps": listed(clouds.simulated.var(axis=1).mean(axis=-1)),
            "expected": listed(shares.signal[shown] * points.var(axis=0).mean() + shares.noise[shown]),
        },
    }
    grid, panel = _grid(title, strips, captions), _panel(shares)
    return Figure(
        "diffusion-process",
        drowning.page(strips, captions, title=title, shares=shares),
        numbers,
        lambda width, colour, most=None: _sketch(grid, panel, width, colour, most),
    )


def _of_run(options: DiffusionProcess, run: TrainedRun) -> DiffusionProcess:
    """Take over data and schedule of a run."""
    train = run.options
    density = train.dataset in densities.NAMES
    taken = {"density": train.dataset} if density else {"dataset": train.dataset, "image_size": train.image_size}
    taken |= {"noise_schedule": train.noise_schedule or "cosine", "timesteps": train.timesteps}
    if train.data_dir and not options.data_dir:
        taken["data_dir"] = train.data_dir
    return options.model_copy(update=taken)


def _drown(path: NoiseSchedule, clean: np.ndarray, shown: np.ndarray, random: np.random.Generator) -> _Drowned:
    mixed = [
        path.coefficients.alpha[level] * clean + path.coefficients.sigma[level] * random.standard_normal(clean.shape)
        for level in shown
    ]
    x, reached = clean, []
    for level, beta in enumerate(path.betas):
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * random.standard_normal(clean.shape)
        reached += [x] * int((shown == level).sum())
    return _Drowned(np.stack(mixed), np.stack(reached))


def _strips(images: _Drowned, clouds: _Drowned, modes: np.ndarray, signal: np.ndarray) -> list[Strip]:
    def pictures(states: np.ndarray) -> list[np.ndarray]:
        return [np.clip((state + 1) / 2, 0, 1) for state in states]

    def planes(states: np.ndarray) -> list[Cloud]:
        return [Cloud(state, share * modes, (-_REACH, _REACH)) for state, share in zip(states, signal, strict=True)]

    return [
        Strip("image, in closed form", pictures(images.closed)),
        Strip("image, by single steps", pictures(images.simulated)),
        Strip("points, in closed form", planes(clouds.closed)),
        Strip("points, by single steps", planes(clouds.simulated)),
    ]


def _grid(title: str, strips: list[Strip], captions: list[str]) -> Grid:
    chosen = np.unique(np.rint(np.linspace(0, len(captions) - 1, _SKETCHED)).astype(int))
    rows = [
        Row([drowning.tile(strip.pictures[place], captions[place]) for place in chosen], strip.label)
        for strip in strips
    ]
    return Grid(title, rows)


def _panel(shares: Shares) -> Panel:
    levels = np.arange(len(shares.signal))
    return Panel([Series("signal", levels, shares.signal), Series("noise", levels, shares.noise)], "share of variance")


def _sketch(grid: Grid, panel: Panel, width: int, colour: bool, most: int | None) -> list[str]:
    """Draw the pictures above the curves, which become a little lower for them."""
    height = 8 if most is None else 5
    curves = terminal.lines(panel, width=width, height=height, colour=colour)
    left = None if most is None else most - len(curves) - 1
    return [*terminal.grid(grid, width=width, height=6, per_line=_SKETCHED, colour=colour, most=left), "", *curves]
