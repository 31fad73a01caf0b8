"""Samples of a generator along interpolations between two noise vectors."""

from __future__ import annotations

import functools
from pathlib import Path

import jax
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import LatentInterpolation
from dlcli.plot import page, terminal
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.sample import generate

_BINS = 16  # per axis of a histogram of points
_NEARLY_PARALLEL = 1e-6  # sine of the angle below which the interpolation is linear


def draw(options: LatentInterpolation, run: TrainedRun) -> Figure:
    """Interpolate between pairs of noise vectors, and sample at equal steps."""
    learner: Learner = run.learner
    ends = np.asarray(jax.random.normal(jax.random.key(options.seed), [2 * options.count, learner.latent_dim]))
    weights = np.linspace(0, 1, options.steps)
    noise = np.stack([spherical(start, end, weights) for start, end in ends.reshape(options.count, 2, -1)])
    labels = None
    if learner.conditional:  # one class per interpolation
        labels = np.repeat(np.arange(options.count, dtype=np.int32) % len(learner.domain.classes), options.steps)
    samples = generate(learner, noise.reshape(-1, learner.latent_dim), labels)
    samples = samples.reshape(options.count, options.steps, *samples.shape[1:])
    grid = _grid(learner, samples, f"latent interpolation (spherical) of {Path(options.run).name}")
    numbers = {"run": options.run, "seed": options.seed, "weights": to_json(weights), "samples": to_json(samples)}
    sketch = functools.partial(terminal.tiles.draw, grid, height=6, per_line=min(options.steps, 8))
    return Figure("latent-interpolation", page.tiles.draw(grid), numbers, sketch)


def spherical(start: np.ndarray, end: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Interpolate between two vectors [latent] along the arc between them (slerp), [weight, latent].

    A linear interpolation would pass near the origin, where high-dimensional normal noise has almost no probability
    mass and the generator was not trained.

    Reference: White, "Sampling Generative Networks", 2016, arXiv:1609.04468, section 2.1.
    """
    cosine = np.clip(start @ end / (np.linalg.norm(start) * np.linalg.norm(end)), -1.0, 1.0)
    angle = np.arccos(cosine)
    weights = weights[:, None]
    if np.sin(angle) < _NEARLY_PARALLEL:
        return (1 - weights) * start + weights * end
    return (np.sin((1 - weights) * angle) * start + np.sin(weights * angle) * end) / np.sin(angle)


def _grid(learner: Learner, samples: np.ndarray, title: str) -> TileGrid:
    """Arrange images in a row per interpolation; points of one interpolation are one histogram."""
    if not learner.domain.classes:
        modes = np.asarray(learner.domain.modes)
        tiles = [
            ScatterChart.around(each, modes).histogram(str(number), bins=_BINS)
            for number, each in enumerate(samples, 1)
        ]
        return TileGrid(title, [Row(tiles)], "histogram of the samples of each interpolation; brighter: more samples")
    rows = [Row([Tile(subject.drawable(image)) for image in each]) for each in samples]
    return TileGrid(title, rows, "first and last column: two noise vectors z; between them equal steps along the arc")
