"""Position encodings, and how similar two positions are at a distance."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import Positions
from dlcli.formats import printable
from dlcli.nn.attention import apply_rotary, rotary_angles, sinusoidal_positions
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.positions import PositionsChart
from dlcli.runs.trained import TrainedRun


def draw(options: Positions, run: TrainedRun | None) -> Figure:
    """Draw the encodings as a map, and their similarity over the distance."""
    if run is None:
        count, width = options.positions, options.d_model
        encodings = {"sinusoidal": np.asarray(sinusoidal_positions(jnp.arange(count), width), np.float64)}
        title = f"position encodings: {count} positions of {width} features"
    else:
        encodings = _of_run(run)
        count, width = next(iter(encodings.values())).shape
        title = f"position encodings of {printable(run.folder.name)}"
    lines = [Line(name, np.arange(count), similarity(each)) for name, each in encodings.items()]
    if run is None:
        lines.append(
            Line("rotary, equal query and key", np.arange(count), rotary_similarity(count, width), dashed=True)
        )
    panel = Panel(lines, "mean cosine similarity")
    chart = PositionsChart(title, encodings, panel)
    numbers = {
        "run": options.run,
        "encodings": {name: to_json(each) for name, each in encodings.items()},
        "similarity": {line.label: to_json(line.values) for line in lines},
    }
    return Figure("positions", page.positions.draw(chart), numbers, functools.partial(terminal.positions.draw, chart))


def similarity(encodings: np.ndarray) -> np.ndarray:
    """Return the cosine similarity of two positions, averaged over all pairs at each distance, float [position]."""
    unit = encodings / np.maximum(np.linalg.norm(encodings, axis=1, keepdims=True), 1e-12)
    products = unit @ unit.T
    return np.array([np.diagonal(products, distance).mean() for distance in range(len(products))])


def rotary_similarity(count: int, width: int) -> np.ndarray:
    """Return the cosine similarity of a vector and itself rotated to each distance, averaged over vectors.

    The vectors have equal parts in all pairs of features: it is the mean of cos(distance · frequency).
    """
    ones = jnp.ones([1, count, 1, width])
    rotated = np.asarray(apply_rotary(ones, rotary_angles(jnp.arange(count), width)), np.float64)[0, :, 0]
    # Adding a quarter turn averages over the phases of a pair.
    cosine = (rotated[:, : width // 2] + rotated[:, width // 2 :]) / 2
    return np.asarray(cosine.mean(axis=1))


def _of_run(run: TrainedRun) -> dict[str, np.ndarray]:
    """Return the encodings of a run by the name of their kind; rotary ones are the cosines and sines of the angles."""
    network, context = run.learner.network, jnp.arange(run.options.context)
    embedding = network.embedding
    if embedding.positions is not None:
        return {"learned": np.asarray(embedding.positions.embedding[...], np.float64)}
    if embedding.sinusoidal:
        return {"sinusoidal": np.asarray(sinusoidal_positions(context, embedding.d_model), np.float64)}
    stack = network.encoder if hasattr(network, "encoder") else network.stack
    angles = np.asarray(rotary_angles(context, stack.config.head_dim), np.float64)
    return {"rotary, of each head": np.concatenate([np.cos(angles), np.sin(angles)], axis=-1)}
