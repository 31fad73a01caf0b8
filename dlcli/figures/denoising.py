"""The way back from noise to data, as a strip and as a moving picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.data import domains
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.generative import Denoising
from dlcli.plot import drowning, terminal
from dlcli.plot.drowning import Strip
from dlcli.plot.plane import Cloud
from dlcli.plot.tiles import Grid, Row
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.sampling import SamplerConfig, initial_noise, trajectory

_REACH = 3.2  # of the plane that is shown, in deviations of the noise
_POINTS = 500  # that make the picture of a density
_SKETCHED = 5  # states that the terminal shows
_COLUMNS = 4  # of images in a moving picture


def draw(options: Denoising, run: TrainedRun) -> Figure:
    """Draw some states on the way back, and what the network took for the data at each of them."""
    learner: Learner = run.learner
    config = SamplerConfig.of(learner, options)
    count = options.count if learner.domain.classes else _POINTS
    label = domains.sample_labels(learner.domain, options.class_, count) if learner.conditional else None
    states, thought = trajectory(learner, initial_noise(learner, count, config.seed), label, config)
    # At the end there is nothing left to guess.
    thought = np.concatenate([thought, states[-1:]])
    shown = np.unique(np.rint(np.linspace(0, len(states) - 1, options.states)).astype(int))
    title = f"the way back of {Path(options.run).name}: {config}"
    captions = [f"t = {level}" for level in config.timesteps]
    pair = "state", "taken for the data"
    if learner.domain.classes:
        strips = [
            Strip(f"{_called(learner, label, number)}, {name}", [_image(each[place, number]) for place in shown])
            for number in range(count)
            for name, each in zip(pair, (states, thought), strict=True)
        ]
    else:
        strips = [
            Strip(name, [_cloud(learner, each[place]) for place in shown])
            for name, each in zip(pair, (states, thought), strict=True)
        ]
    few = [captions[place] for place in shown]
    ends = learner.domain.decode(states[-1])
    numbers = {"run": options.run, **config.described(), "levels": list(config.timesteps), "samples": listed(ends)}
    return Figure(
        "denoising",
        drowning.page(strips, few, title=title),
        numbers,
        lambda width, colour, most=None: _sketch(title, strips, few, width, colour, most),
        lambda: drowning.moving(
            tuple(
                Strip(name, [_frame(learner, x) for x in each])
                for name, each in zip(pair, (states, thought), strict=True)
            ),
            captions,
            title=title,
        ),
    )


def _called(learner: Learner, label: np.ndarray | None, number: int) -> str:
    return f"sample {number + 1}" + ("" if label is None else f" of {learner.domain.classes[label[number]]}")


def _image(x: np.ndarray) -> np.ndarray:
    return subject.drawable(np.clip((x + 1) / 2, 0, 1))


def _cloud(learner: Learner, points: np.ndarray) -> Cloud:
    modes = np.asarray(learner.domain.facts.modes) / learner.domain.scale
    return Cloud(points, modes, (-_REACH, _REACH))


def _frame(learner: Learner, x: np.ndarray) -> drowning.Picture:
    """Return points as they are, and images [sample, height, width, channel] side by side on gray."""
    if not learner.domain.classes:
        return _cloud(learner, x)
    # What has no colours is [height, width], the others [height, width, channel].
    images = [np.pad(image, [(1, 1), (1, 1), (0, 0)][: image.ndim], constant_values=0.5) for image in map(_image, x)]
    across = min(_COLUMNS, len(images))
    blank = np.full_like(images[0], 0.5)
    images += [blank] * (-len(images) % across)
    rows = [np.concatenate(images[start : start + across], axis=1) for start in range(0, len(images), across)]
    return np.concatenate(rows)


def _sketch(
    title: str, strips: list[Strip], captions: list[str], width: int, colour: bool, most: int | None
) -> list[str]:
    chosen = np.unique(np.rint(np.linspace(0, len(captions) - 1, _SKETCHED)).astype(int))
    rows = [
        Row([drowning.tile(strip.pictures[place], captions[place]) for place in chosen], strip.label)
        for strip in strips
    ]
    return terminal.grid(
        Grid(title, rows), width=width, height=6, per_line=_SKETCHED, colour=colour, most=most, together=2
    )
