"""Compares generated samples with the test split."""

from __future__ import annotations

from typing import Any, cast

import jax
import numpy as np
from flax import nnx

from dlcli.artifacts import Table
from dlcli.data.domains import GenerativeFacts
from dlcli.data.images import batches
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import generation
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.options import Eval
from dlcli.techniques.gan.sample import generate


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the distance of samples from the test split, and that of as many real examples as the floor."""
    learner = nnx.clone(run.learner)
    learner.rngs = nnx.Rngs(noise=options.seed, score=options.seed)
    found = measure(run, options, learner=learner)
    protocol = {**found.protocol, "seed": options.seed}
    if learner.feature_classifier is None:
        return generation.point_table(found.title, found.described(), protocol)
    protocol["feature_classifier"] = learner.feature_classifier.digest()
    described = {**found.described(), **_feature_metrics(run.learner, found, options.seed)}
    classes, training = len(cast(GenerativeFacts, found.data.facts).classes), found.data.sizes["train"]
    return generation.image_table(found.title, described, protocol, classes=classes, training=training)


def _feature_metrics(learner: Learner, found: Evaluation, seed: int) -> dict[str, Any]:
    """Compare the features of samples, and of as many training images, with those of the held-out images."""
    images, labels = batches.whole(found.data.test)
    count = max(generation.MIN_SAMPLES, len(images))
    noise = np.asarray(jax.random.normal(jax.random.key(seed), [count, learner.latent_dim]))
    generated = generate(learner, noise, np.resize(labels, count) if learner.conditional else None)
    compared = generated, batches.training(found.data, count)[0], images
    return generation.feature_metrics(*map(learner.feature_classifier.all_features, compared))
