"""The reverse process of a diffusion model, as strips and as an animation."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np

from dlcli.artifacts import Animation, Figure
from dlcli.data import domains
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.base import parse_numbers
from dlcli.figures.options.generative import Denoising
from dlcli.plot import page, terminal
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.strips import Picture, Strip, StripsChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.sampling import SamplerConfig, initial_noise, trajectory

_LIMIT = 3.2  # largest coordinate shown of points, in standard deviations of the noise
_POINTS = 500  # samples of a density
_COLUMNS = 4  # images side by side in an animation
_LABELS = ("x_t", "predicted x_0")


def draw(options: Denoising, run: TrainedRun) -> Figure:
    """Show x_t at some timesteps of the reverse process, and the x_0 that the network predicts from it."""
    learner: Learner = run.learner
    config = SamplerConfig.of(learner, options)
    count = options.count if learner.domain.classes else _POINTS
    label = domains.sample_labels(learner.domain, options.class_, count) if learner.conditional else None
    states, predicted = trajectory(learner, initial_noise(learner, count, config.seed), label, config)
    # The last state is x_0.
    predicted = np.concatenate([predicted, states[-1:]])
    shown = np.unique(np.rint(np.linspace(0, len(states) - 1, options.states)).astype(int))
    title = f"reverse process of {Path(options.run).name}: {config}"
    captions = [f"t = {level}" for level in config.timesteps]
    if options.compare_guidance:
        strips, compared = _compared(options, learner, config, count, label, shown)
        title += "; x_t of the same noise at several guidance scales"
    elif learner.domain.classes:
        strips = [
            Strip(f"{_sample_name(learner, label, number)}: {name}", [_image(each[step, number]) for step in shown])
            for number in range(count)
            for name, each in zip(_LABELS, (states, predicted), strict=True)
        ]
    else:
        strips = [
            Strip(name, [_scatter(learner, each[step]) for step in shown])
            for name, each in zip(_LABELS, (states, predicted), strict=True)
        ]
    chart = StripsChart(title, strips, [captions[step] for step in shown])
    samples = learner.domain.decode(states[-1])
    timesteps = list(config.timesteps)
    numbers = {"run": options.run, **config.described(), "timesteps": timesteps, "samples": to_json(samples)}
    if options.compare_guidance:
        numbers["samples_by_guidance"] = {name: to_json(each) for name, each in compared.items()}

    def animate() -> Animation:
        first, second = (
            Strip(name, [_frame(learner, x) for x in each])
            for name, each in zip(_LABELS, (states, predicted), strict=True)
        )
        return page.strips.animate((first, second), captions, title=title)

    together = len(strips) // count if options.compare_guidance and learner.domain.classes else 2
    sketch = functools.partial(terminal.strips.draw, chart, together=together)
    return Figure("denoising", page.strips.draw(chart), numbers, sketch, animate)


def _compared(
    options: Denoising,
    learner: Learner,
    config: SamplerConfig,
    count: int,
    label: np.ndarray | None,
    shown: np.ndarray,
) -> tuple[list[Strip], dict[str, np.ndarray]]:
    """Return the states x_t of each sample for each guidance scale, and the samples by scale."""
    noise = initial_noise(learner, count, config.seed)
    states = {}
    for scale in parse_numbers(options.compare_guidance):
        guided = dataclasses.replace(config, guidance_scale=scale)
        states[f"guidance {scale:g}"] = trajectory(learner, noise, label, guided)[0]
    if learner.domain.classes:
        strips = [
            Strip(f"{_sample_name(learner, label, number)}: {name}", [_image(each[step, number]) for step in shown])
            for number in range(count)
            for name, each in states.items()
        ]
    else:
        strips = [Strip(name, [_scatter(learner, each[step]) for step in shown]) for name, each in states.items()]
    return strips, {name: np.asarray(learner.domain.decode(each[-1])) for name, each in states.items()}


def _sample_name(learner: Learner, label: np.ndarray | None, number: int) -> str:
    return f"sample {number + 1}" + ("" if label is None else f" (class {learner.domain.classes[label[number]]})")


def _image(x: np.ndarray) -> np.ndarray:
    return subject.drawable(np.clip((x + 1) / 2, 0, 1))


def _scatter(learner: Learner, points: np.ndarray) -> ScatterChart:
    modes = np.asarray(learner.domain.facts.modes) / learner.domain.scale
    return ScatterChart(points, modes, (-_LIMIT, _LIMIT))


def _frame(learner: Learner, x: np.ndarray) -> Picture:
    """Return points as a scatter plot, and images [sample, height, width, channel] side by side on gray."""
    if not learner.domain.classes:
        return _scatter(learner, x)
    # Gray images are [height, width], colour images [height, width, channel].
    images = [np.pad(image, [(1, 1), (1, 1), (0, 0)][: image.ndim], constant_values=0.5) for image in map(_image, x)]
    across = min(_COLUMNS, len(images))
    blank = np.full_like(images[0], 0.5)
    images += [blank] * (-len(images) % across)
    rows = [np.concatenate(images[start : start + across], axis=1) for start in range(0, len(images), across)]
    return np.concatenate(rows)
