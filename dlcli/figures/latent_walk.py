"""What lies between two draws of noise."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.generative import LatentWalk
from dlcli.plot import grids, plane, terminal
from dlcli.plot.tiles import Grid, Row, Tile
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.sample import generate

_NEARLY_PARALLEL = 1e-6  # sine of the angle, below which the straight line is as good


def draw(options: LatentWalk, run: TrainedRun) -> Figure:
    """Walk from one draw of noise to the next, and draw a sample at each of some equal steps."""
    learner: Learner = run.learner
    ends = np.asarray(jax.random.normal(jax.random.key(options.seed), [2 * options.count, learner.latent_dim]))
    shares = np.linspace(0, 1, options.steps)
    walks = np.stack([spherical(*pair, shares) for pair in ends.reshape(options.count, 2, -1)])
    labels = None
    if learner.conditional:  # the class stays on a walk
        labels = np.repeat(np.arange(options.count, dtype=np.int32) % len(learner.domain.classes), options.steps)
    drawn = generate(learner, walks.reshape(-1, learner.latent_dim), labels)
    drawn = drawn.reshape(options.count, options.steps, *drawn.shape[1:])
    title = f"walks between {2 * options.count} draws of noise; {Path(options.run).name}"
    grid = _grid(learner, drawn, title)
    numbers = {"run": options.run, "seed": options.seed, "shares": listed(shares), "samples": listed(drawn)}
    return Figure(
        "latent-walk",
        grids.draw(grid),
        numbers,
        lambda width, colour, most=None: terminal.grid(
            grid, width=width, height=6, per_line=min(options.steps, 8), colour=colour, most=most
        ),
    )


def spherical(start: np.ndarray, end: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Interpolate between two vectors [latent] along the arc between them: [share, latent].

    A straight line would lead through the middle, where normal noise of many numbers hardly ever
    lies and the generator was hardly ever asked.

    Reference: White, "Sampling Generative Networks", 2016, arXiv:1609.04468, section 2.1.
    """
    cosine = np.clip(start @ end / (np.linalg.norm(start) * np.linalg.norm(end)), -1.0, 1.0)
    angle = np.arccos(cosine)
    shares = shares[:, None]
    if np.sin(angle) < _NEARLY_PARALLEL:
        return (1 - shares) * start + shares * end
    return (np.sin((1 - shares) * angle) * start + np.sin(shares * angle) * end) / np.sin(angle)


def _grid(learner: Learner, drawn: np.ndarray, title: str) -> Grid:
    """Return a row a walk; of points, which are one picture each way, the walks as pictures."""
    if not learner.domain.classes:
        modes = np.asarray(learner.domain.modes)
        tiles = [plane.tile(plane.Cloud.around(walk, modes), f"walk {number}") for number, walk in enumerate(drawn, 1)]
        return Grid(title, [Row(tiles)], "the brighter, the more steps of the walk lie there")
    rows = [Row([Tile(subject.drawable(image)) for image in walk]) for walk in drawn]
    return Grid(title, rows, "left and right are draws of noise, in between equal steps along the arc")
