"""Measures a classifier, or several that vote, on the test split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli import engine
from dlcli.artifacts import Table
from dlcli.engine import Metrics
from dlcli.engine.load import measured
from dlcli.errors import RunError
from dlcli.interface import Batch
from dlcli.metrics.classification import measure, table
from dlcli.metrics.metric import add
from dlcli.runs.lookup import find
from dlcli.runs.run import Run
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Eval


def evaluate(options: Eval) -> Table:
    """Return accuracy with its interval, loss, calibration, and the accuracy for each class."""
    folders = [Path(options.run), *(find(name.strip(), "cnn") for name in options.runs.split(",") if name.strip())]
    learners = [engine.load(folder, Learner, options.use) for folder in folders]
    _same_classes(folders, learners)
    changes = {name: value for name in ("data_dir", "dataset") if (value := getattr(options, name)) is not None}
    run = Run(folders[0])
    trained = run.options(Learner).model_copy(update=changes)
    data = measured(run, options.dataset, lambda: Learner.read(trained))
    if data.facts.classes != learners[0].facts.classes or data.facts.image != learners[0].facts.image:
        raise RunError(f"the data must have the images and classes that {folders[0]} was trained on")
    totals = _totals(_predictor(learners, options.mc_dropout), data.test)
    described = {name: metric.describe() for name, metric in totals.items()}
    how = {"use": options.use, "runs": [str(folder) for folder in folders], "mc_dropout": options.mc_dropout}
    return table(described, learners[0].facts.classes, {"split": "test", **how})


def _predictor(learners: list[Learner], samples: int) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Return a function from a key and images to log-probabilities averaged over learners and dropout masks.

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation", 2016, arXiv:1506.02142.
    """
    if samples:
        for learner in learners:
            learner.network.set_attributes(nnx.Dropout, deterministic=False, raise_if_not_found=False)
    splits = [nnx.split(learner) for learner in learners]
    graphs = [graph for graph, _ in splits]

    def vote(states: list[nnx.State], key: jax.Array, pixels: jax.Array) -> jax.Array:
        """Return log-probabilities [batch, class] of one mask for each learner."""
        # Copied, since the states come from outside the loop over masks and reseeding changes them.
        live = [nnx.merge(graph, state, copy=True) for graph, state in zip(graphs, states, strict=True)]
        for learner in live:
            nnx.reseed(learner, dropout=key, default=key)
        return jax.nn.logsumexp(jnp.stack([learner.log_probabilities(pixels) for learner in live]), axis=0) - jnp.log(
            len(live)
        )

    @jax.jit
    def predict(states: list[nnx.State], key: jax.Array, pixels: jax.Array) -> jax.Array:
        if not samples:
            return vote(states, key, pixels)
        votes = jax.lax.map(lambda each: vote(states, each, pixels), jax.random.split(key, samples))
        return jax.nn.logsumexp(votes, axis=0) - jnp.log(samples)

    states = [state for _, state in splits]
    return lambda key, pixels: predict(states, key, pixels)


def _totals(predict: Callable[[jax.Array, jax.Array], jax.Array], batches: Any) -> Metrics:
    score = jax.jit(lambda log_probabilities, batch: measure(log_probabilities, batch))
    totals = None
    for number, batch in enumerate(batches):
        metrics = score(predict(jax.random.key(number), jnp.asarray(batch["image"])), _labels(batch))
        totals = metrics if totals is None else add(totals, metrics)
    if totals is None:
        raise RunError("the data must have a test split, found none")
    return jax.device_get(totals)


def _labels(batch: Batch) -> dict[str, jax.Array]:
    return {"label": jnp.asarray(batch["label"]), "mask": jnp.asarray(batch["mask"])}


def _same_classes(folders: list[Path], learners: list[Learner]) -> None:
    for folder, learner in zip(folders, learners, strict=True):
        if learner.facts.classes != learners[0].facts.classes or learner.facts.image != learners[0].facts.image:
            raise RunError(f"{folder} must have the images and classes of {folders[0]}, found others")
