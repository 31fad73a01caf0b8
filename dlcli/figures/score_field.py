"""The score of the noisy data that a diffusion model has learned, beside the exact one."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import ScoreField
from dlcli.formats import printable
from dlcli.nn import diffusion, functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.field import Field, FieldChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.learner import Learner

_ARROWS = 17  # along each axis
_LIMIT = 2.6  # largest coordinate, in the units of the network, in which the data has a variance of about 1
_FIRST, _LAST = 0.04, 0.8  # of the timesteps
_POINTS = 500


def draw(options: ScoreField, run: TrainedRun) -> Figure:
    """Draw the arrows of both scores at several timesteps, over points of the noisy data."""
    learner: Learner = run.learner
    schedule, facts = learner.noise_schedule, learner.domain.facts
    modes, std = np.asarray(facts.modes) / learner.domain.scale, facts.std / learner.domain.scale
    # Denser at the end of the reverse process, where the modes separate.
    shown = np.unique(np.rint(np.geomspace(_FIRST, _LAST, options.count) * schedule.last).astype(int).clip(1))
    centers = _LIMIT * ((np.arange(_ARROWS) + 0.5) / _ARROWS * 2 - 1)
    places = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
    predict = functional.jit(_score, learner)
    random = np.random.default_rng(options.seed)
    exact, learned, errors = [], [], []
    scores: dict[str, list[np.ndarray]] = {"exact": [], "learned": []}
    for timestep in shown:
        alpha, sigma = (float(each[timestep]) for each in schedule.coefficients[:2])
        drawn = modes[random.integers(len(modes), size=_POINTS)] + std * random.standard_normal([_POINTS, 2])
        noisy = alpha * drawn + sigma * random.standard_normal([_POINTS, 2])
        caption = f"t = {timestep}"
        true = mixture_score(places, alpha * modes, np.hypot(alpha * std, sigma))
        found = np.asarray(predict(places.astype(np.float32), jnp.int32(timestep)), np.float64)
        at_points = mixture_score(noisy, alpha * modes, np.hypot(alpha * std, sigma))
        error = np.asarray(predict(noisy.astype(np.float32), jnp.int32(timestep)), np.float64) - at_points
        errors.append(float(np.sqrt(np.square(error).sum() / np.square(at_points).sum())))
        grid = (_ARROWS, _ARROWS, 2)
        scores["exact"].append(true.reshape(grid))
        scores["learned"].append(found.reshape(grid))
        exact.append(Field(caption, arrows=scores["exact"][-1], points=noisy))
        learned.append(Field(f"{caption}, error {100 * errors[-1]:.0f} %", arrows=scores["learned"][-1], points=noisy))
    title = f"score ∇ log p_t(x) of noisy data: exact, and learned by {printable(run.folder.name)}"
    note = (
        "arrows: direction of the score, as long as the square root of its norm, each panel to its own scale; "
        "points: noisy data x_t, in units of its standard deviation; "
        "error: root mean square difference at the points, relative to the exact score"
    )
    chart = FieldChart(title, note, [("exact", exact), ("learned", learned)], (-_LIMIT, _LIMIT))
    numbers = {
        "run": options.run,
        "timesteps": shown.tolist(),
        "coordinates": to_json(centers),
        "exact": to_json(np.stack(scores["exact"])),
        "learned": to_json(np.stack(scores["learned"])),
        "relative_errors": to_json(errors),
    }
    return Figure("score-field", page.field.draw(chart), numbers, functools.partial(terminal.field.draw, chart))


def mixture_score(x: np.ndarray, modes: np.ndarray, std: float) -> np.ndarray:
    """Return the gradient of the log-density of a mixture of isotropic Gaussians of equal weight, float [point, 2].

    Args:
        x: float [point, 2].
        modes: centres, float [mode, 2].
        std: standard deviation of each component.
    """
    differences = modes[None] - x[:, None]
    logs = -np.square(differences).sum(axis=-1) / (2 * std**2)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((weights[..., None] * differences).sum(axis=1) / std**2)


def _score(learner: Learner, x: jax.Array, timestep: jax.Array) -> jax.Array:
    """Return -ε(x_t) / sigma_t, the score by Tweedie's formula, [point, 2]; the predicted x_0 is not clipped."""
    at = learner.noise_schedule.at(timestep, axes=2)
    output = learner.trained_model()(
        diffusion.network_input(learner.parameterization, x, at), jnp.full([len(x)], timestep / learner.timesteps), None
    )
    prediction = diffusion.predict(learner.parameterization, output, x, at)
    return -prediction.noise / at.sigma
