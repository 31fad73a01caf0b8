"""Measures the loss on the test split, and compares generated samples with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data import domains
from dlcli.data.densities import DensityFacts
from dlcli.data.domains import GenerativeFacts, PointDomain
from dlcli.data.images import batches
from dlcli.engine import Rate
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.interface import Batch
from dlcli.metrics import generation
from dlcli.metrics.feature_classifier import FeatureClassifier, count_examples
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Eval
from dlcli.techniques.diffusion.sampling import SamplerConfig, generate


def evaluate(options: Eval, run: TrainedRun, split: str = "test") -> Table:
    """Return the loss and the distance of samples from a held-out split, and that of real examples as the floor."""
    config = SamplerConfig.of(run.learner, options)
    found = measure(run, options, split=split)
    held_out = found.data.test if split == "test" else found.data.validation
    loss = found.metrics["loss"].describe()
    found.protocol.update({**config.described(), "loss": loss})
    if isinstance(run.learner.domain, PointDomain):
        more = [("loss", formats.loss(loss["value"]), f"squared error on {split} points")]
        metrics = _point_metrics(run.learner, held_out, config, options.samples)
        return generation.point_table(found.title, _described(metrics), found.protocol, more)
    described, digest = _image_metrics(run.learner, found, held_out, config, options.samples)
    found.protocol["feature_classifier"] = digest
    return generation.image_table(
        found.title,
        described,
        found.protocol,
        classes=len(cast(GenerativeFacts, found.data.facts).classes),
        training=found.data.sizes["train"],
        more=[("loss", formats.loss(loss["value"]), f"squared error on {split} images")],
    )


def _image_metrics(
    learner: Learner, found: Evaluation, split_batches: Iterable[Batch], config: SamplerConfig, samples: int | None
) -> tuple[dict[str, Any], str]:
    """Compare samples and as many training images with the held-out images.

    Returns:
        The described metrics, and the digest of the classifier.
    """
    classes = len(cast(GenerativeFacts, found.data.facts).classes)
    classifier = FeatureClassifier(learner.domain.shape, classes)
    domains.train_feature_classifier(classifier, found.options, count_examples)
    images, labels = batches.whole(split_batches)
    count = samples or max(generation.MIN_SAMPLES, len(images))
    sample_labels = np.resize(labels, count) if learner.conditional else None
    compared = generate(learner, count, sample_labels, config), batches.training(found.data, count)[0], images
    generated, training, held_out = map(classifier.all_features, compared)
    metrics = dict(generation.image_metrics(classifier, generated, training, held_out, labels=sample_labels))
    if learner.conditional:
        is_right = classifier.logits(held_out).argmax(axis=-1) == labels
        metrics["feature_classifier_accuracy"] = Rate.of(is_right)
    return _described(metrics) | generation.feature_metrics(generated, training, held_out), classifier.digest()


def _point_metrics(
    learner: Learner, split_batches: Iterable[Batch], config: SamplerConfig, samples: int | None
) -> dict[str, Any]:
    """Count the modes that samples hit, and those that the held-out points hit."""
    density = cast(DensityFacts, learner.domain.facts)
    held_out = jnp.concatenate([batch["point"][batch["mask"] > 0] for batch in split_batches])
    generated = jnp.asarray(generate(learner, samples or len(held_out), None, config))
    return dict(generation.point_metrics(generated, held_out, density.modes, density.std))


def _described(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: metric.describe() for name, metric in metrics.items()}
