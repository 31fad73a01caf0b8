"""The discriminator of a GAN over the plane, beside the optimal one."""

from __future__ import annotations

import functools
from typing import cast

import jax
import numpy as np
from scipy import ndimage
from scipy.stats import norm

from dlcli.artifacts import Figure
from dlcli.data.densities import DensityFacts
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import DiscriminatorField
from dlcli.formats import printable
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.field import Field, FieldChart
from dlcli.plot.charts.tiles import ColorScale
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner

_RESOLUTION = 96  # cells along each axis
_SAMPLES = 20_000  # generated points, for the density of the generator
_SHOWN = 1_000
_BEYOND = 1.35  # limits of the plane, relative to the largest coordinate of a mode
_RARE = 1e-3  # density p + q relative to its maximum, below which the optimum is not defined


def draw(options: DiscriminatorField, run: TrainedRun) -> Figure:
    """Draw D(x), the optimum p / (p + q), and the points of the generator."""
    learner: Learner = run.learner
    density = cast(DensityFacts, learner.domain.facts)
    limit = _BEYOND * float(np.abs(density.modes).max()) or 1.0
    centers = limit * ((np.arange(_RESOLUTION) + 0.5) / _RESOLUTION * 2 - 1)
    places = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2).astype(np.float32)
    shape = (_RESOLUTION, _RESOLUTION)
    found = np.asarray(functional.jit(_probabilities, learner)(places), np.float64).reshape(shape)
    noise = np.random.default_rng(options.seed).standard_normal([_SAMPLES, learner.latent_dim]).astype(np.float32)
    points = np.asarray(functional.jit(Learner.sample, learner)(noise))
    # Both densities are smoothed alike, by a cell: the modes are narrower than the cells.
    real = ndimage.gaussian_filter(_cell_masses(density, centers), 1.0)
    generated = ndimage.gaussian_filter(_histogram(points, limit), 1.0)
    optimum = optimal(real, generated)
    weight = np.where(np.isnan(optimum), 0.0, real + generated)
    error = float((weight * np.abs(found - np.nan_to_num(optimum))).sum() / max(weight.sum(), 1e-12))
    fields = [
        Field("discriminator D(x)", found),
        Field("optimum p(x) / (p(x) + q(x))", optimum),
        Field("generated points", points=points[:_SHOWN]),
    ]
    title = f"discriminator of {printable(run.folder.name)}: probability that a point is real"
    note = (
        f"mean |D − optimum| = {error:.3f}, weighted by p + q; 0.5 everywhere: real and generated points are alike. "
        "gray: (almost) no points"
    )
    scale = ColorScale("signed", (0.0, 1.0), "probability of real")
    chart = FieldChart(title, note, [("", fields)], (-limit, limit), scale)
    numbers = {
        "run": options.run,
        "coordinates": to_json(centers),
        "discriminator": to_json(found),
        "optimum": to_json(optimum),
        "mean_absolute_difference": to_json(error),
        "samples": _SAMPLES,
    }
    sketch = functools.partial(terminal.field.draw, chart)
    return Figure("discriminator-field", page.field.draw(chart), numbers, sketch)


def optimal(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Return p / (p + q) of two densities of equal shape, NaN where both are almost 0.

    Reference: Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, proposition 1.
    """
    total = real + generated
    return np.divide(real, total, out=np.full(real.shape, np.nan), where=total > _RARE * total.max())


def _probabilities(learner: Learner, places: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(learner.discriminator(places / learner.domain.scale, None))


def _cell_masses(density: DensityFacts, centers: np.ndarray) -> np.ndarray:
    """Return the probability of each cell under the mixture, float [row, column]."""
    half = (centers[1] - centers[0]) / 2
    edges = np.append(centers - half, centers[-1] + half)
    masses = np.zeros([len(centers), len(centers)])
    for x, y in density.modes:
        along, up = (np.diff(norm.cdf(edges, place, density.std)) for place in (x, y))
        masses += up[:, None] * along[None, :] / len(density.modes)
    return masses


def _histogram(points: np.ndarray, limit: float) -> np.ndarray:
    """Return the fraction of the points in each cell, float [row, column]."""
    x, y = points.T
    counts, _, _ = np.histogram2d(y, x, bins=_RESOLUTION, range=[(-limit, limit)] * 2)
    return counts / len(points)
