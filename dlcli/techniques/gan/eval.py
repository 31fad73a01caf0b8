"""Compares generated samples with the test split."""

from __future__ import annotations

from typing import cast

from flax import nnx

from dlcli.artifacts import Table
from dlcli.data.domains import GenerativeFacts
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import generation
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.options import Eval


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the distance of samples from the test split, and that of as many real examples as the floor."""
    learner = nnx.clone(run.learner)
    learner.rngs = nnx.Rngs(noise=options.seed, score=options.seed)
    found = measure(run, options, learner=learner)
    protocol = {**found.protocol, "seed": options.seed}
    if learner.feature_classifier is None:
        return generation.point_table(found.title, found.described(), protocol)
    protocol["feature_classifier"] = learner.feature_classifier.digest()
    classes, training = len(cast(GenerativeFacts, found.data.facts).classes), found.data.sizes["train"]
    return generation.image_table(found.title, found.described(), protocol, classes=classes, training=training)
