"""How the gradient of a recurrent network shrinks or grows with the distance in time.

Reference: Bengio, Simard and Frasconi, "Learning Long-Term Dependencies with Gradient Descent is Difficult", 1994;
Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks", 2013, arXiv:1211.5063.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Figure
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import GradientFlow
from dlcli.formats import printable
from dlcli.nn.recurrent import CELLS, RecurrentStack
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.learner import Learner

_SMALLEST = 1e-30  # norms below are rounded in float32


def draw(options: GradientFlow, run: TrainedRun | None) -> Figure:
    """Draw the norm of the gradient at each earlier token, relative to that at the last token."""
    if run is None:
        norms = {cell: _of_cell(cell, options) for cell in CELLS}
        title = (
            f"gradient of the last hidden state, untrained networks of {options.hidden} units, {options.seeds} seeds"
        )
    else:
        norms = _of_run(run, options)
        title = f"gradient of the last hidden state of {printable(run.folder.name)} ({run.options.cell}), "
        title += f"{options.seeds} random texts"
    distances = np.arange(options.length)
    lines = [Line(name, distances, values) for name, values in norms.items()]
    chart = LinesChart(title, [Panel(lines, "relative gradient norm", log=True)], xlabel="distance in time (tokens)")
    numbers = {
        "run": options.run,
        "distances": distances.tolist(),
        "relative_gradient_norms": {name: to_json(values) for name, values in norms.items()},
        "half_distance": {name: _half_distance(values) for name, values in norms.items()},
    }
    return Figure("gradient-flow", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))


def _half_distance(norms: np.ndarray) -> int | None:
    """Return the first distance at which the gradient is less than half of that at distance 0."""
    below = np.flatnonzero(norms < 0.5)
    return int(below[0]) if below.size else None


def _of_cell(cell: str, options: GradientFlow) -> np.ndarray:
    """Return the relative norms [distance] of an untrained layer for standard normal inputs."""
    found = []
    for seed in range(options.seeds):
        stack = RecurrentStack(cell, (options.hidden, options.hidden), rngs=nnx.Rngs(options.seed + seed))
        random = np.random.default_rng([options.seed, seed])
        x = random.standard_normal([options.length, 1, options.hidden]).astype(np.float32)
        found.append(_norms(stack, jnp.asarray(x), random))
    return _relative(found)


def _of_run(run: TrainedRun, options: GradientFlow) -> dict[str, np.ndarray]:
    """Return the relative norms [distance] of a trained network and of its untrained self, for random tokens."""
    learner: Learner = run.learner
    untrained = type(learner)(run.options, run.facts)
    untrained.eval()
    found = {}
    for name, network in (("trained", learner.network), ("untrained", untrained.network)):
        norms = []
        for number in range(options.seeds):
            random = np.random.default_rng([options.seed, number])
            tokens = random.integers(run.facts.vocabulary, size=[options.length])
            x = network.embedding[...][tokens][:, None].astype(jnp.float32)
            norms.append(_norms(network.stack, x, random))
        found[name] = _relative(norms)
    return found


def _norms(stack: RecurrentStack, x: jax.Array, random: np.random.Generator) -> np.ndarray:
    """Return the norm of the gradient of a random projection of the last output by each input, [distance]."""
    graph, state = nnx.split(stack)
    direction = jnp.asarray(random.standard_normal(stack.carry_shape[-1]), jnp.float32)

    @jax.jit
    def gradient(state: nnx.State, x: jax.Array) -> jax.Array:
        live = nnx.merge(graph, state)
        return jax.grad(lambda x: live(x, live.initial_carry(1))[0][-1, 0] @ direction)(x)

    return np.linalg.norm(np.asarray(gradient(state, x), np.float64)[:, 0], axis=-1)[::-1]


def _relative(norms: list[np.ndarray]) -> np.ndarray:
    """Return the geometric mean of several norms [distance], each relative to its value at distance 0.

    Norms that are rounded are NaN.
    """
    exact = np.where(np.stack(norms) > _SMALLEST, np.stack(norms), np.nan)
    return np.asarray(np.exp(np.log(exact / exact[:, :1]).mean(axis=0)))
