"""Measures a classifier, or the average of several, on the test split."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.artifacts import Table
from dlcli.engine.evaluate import Scorer
from dlcli.engine.evaluate import evaluate as measure
from dlcli.errors import RunError
from dlcli.interface import Batch
from dlcli.metrics import classification
from dlcli.metrics.metric import Metrics
from dlcli.nn import functional
from dlcli.runs.lookup import find
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Eval
from dlcli.techniques.cnn.views import views


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return accuracy with its confidence interval, loss, calibration and metrics by class."""
    others = [run.other(find(name.strip(), "cnn")) for name in options.runs.split(",") if name.strip()]
    for other in others:
        if other.facts.classes != run.facts.classes or other.facts.image != run.facts.image:
            raise RunError(f"{other.folder} must have the images and classes of {run.folder}, found others")
    learners = [each.learner for each in (run, *others)]
    averaged = others or options.mc_dropout or options.tta != "none"
    score = _ensemble(learners, options.mc_dropout, options.tta) if averaged else None
    found = measure(run, options, score=score)
    folders = [str(each.folder) for each in (run, *others)]
    how = {**found.protocol, "runs": folders, "mc_dropout": options.mc_dropout, "tta": options.tta}
    return classification.table(found.title, found.described(), run.facts.classes, how)


def _ensemble(learners: Sequence[Learner], samples: int, tta: str) -> Scorer:
    """Return a function that scores a batch with probabilities averaged over learners, dropout masks and views.

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation", 2016, arXiv:1506.02142.

    Args:
        learners: networks with the same classes.
        samples: dropout masks per learner; 0: no dropout.
        tta: test-time augmentation, as `views` takes it.
    """
    if samples:
        learners = [_with_dropout(learner) for learner in learners]

    def averaged(live: Sequence[Learner], key: jax.Array, pixels: jax.Array) -> jax.Array:
        """Return log-probabilities [batch, class] with one dropout mask per learner."""
        # Copied, since the learners come from outside the loop over masks and reseeding changes them.
        live = [nnx.clone(each) for each in live]
        for learner in live:
            nnx.reseed(learner, dropout=key, default=key)
        return jax.nn.logsumexp(jnp.stack([learner.log_probabilities(pixels) for learner in live]), axis=0) - jnp.log(
            len(live)
        )

    def predict(live: Sequence[Learner], key: jax.Array, pixels: jax.Array) -> jax.Array:
        if not samples:
            return averaged(live, key, pixels)
        masks = jax.lax.map(lambda each: averaged(live, each, pixels), jax.random.split(key, samples))
        return jax.nn.logsumexp(masks, axis=0) - jnp.log(samples)

    def over_views(live: Sequence[Learner], key: jax.Array, pixels: jax.Array) -> jax.Array:
        weighted = [predict(live, key, view) + jnp.log(weight) for view, weight in views(pixels, tta)]
        return jax.nn.logsumexp(jnp.stack(weighted), axis=0)

    predicted, measured = functional.jit(over_views, list(learners)), jax.jit(classification.measure)

    def score(number: int, batch: Batch) -> Metrics:
        held_out = {name: jnp.asarray(batch[name]) for name in ("label", "mask")}
        return measured(predicted(jax.random.key(number), jnp.asarray(batch["image"])), held_out)

    return score


def _with_dropout(learner: Learner) -> Learner:
    """Return a copy of a learner whose dropout is active."""
    copy = nnx.clone(learner)
    copy.network.set_attributes(nnx.Dropout, deterministic=False, raise_if_not_found=False)
    return copy
