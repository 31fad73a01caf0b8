"""Measures samples against the test split."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data import cache
from dlcli.data.images import batches as images
from dlcli.engine import Frechet, Rate
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.interface import Data
from dlcli.metrics import frechet
from dlcli.metrics.feature_classifier import FeatureClassifier, count_examples
from dlcli.metrics.modes import Modes, ModesFound
from dlcli.notices import silenced
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.drawing import Manner, draw, manner
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Eval, Train

_ENOUGH = 1_000  # samples by which a distance is taken, if there are not more test examples


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the distance of samples from the test split, and that of as many real examples as its floor."""
    how = manner(run.learner, options)
    found = measure(run, options)
    found.protocol.update({**how.described(), "loss": found.metrics["loss"].describe()})
    if run.learner.domain.classes:
        return _images(run.learner, found, how, options.samples)
    return _points(run.learner, found, how, options.samples)


def _images(learner: Learner, evaluation: Evaluation, how: Manner, samples: int | None) -> Table:
    """Compare samples, and as many training images, with the test images by what the judge sees in them."""
    data, judge = evaluation.data, _judge(evaluation.options)
    test, label = _held_out(data)
    count = samples or max(_ENOUGH, len(test))
    asked = np.resize(label, count) if learner.conditional else None
    drawn = draw(learner, count, asked, how)
    training, _ = images.training(data, count)
    features = {name: _features(judge, each) for name, each in (("drawn", drawn), ("train", training), ("test", test))}
    found = {
        "frechet_distance": Frechet.of((features["drawn"], features["test"])).describe(),
        "frechet_distance_floor": Frechet.of((features["train"], features["test"])).describe(),
    }
    if asked is not None:
        found["class_accuracy"] = Rate.of(judge.logits(features["drawn"]).argmax(axis=-1) == asked).describe()
        held_out = judge.logits(features["test"]).argmax(axis=-1) == label
        found["feature_classifier_accuracy"] = Rate.of(held_out).describe()
    evaluation.protocol.update({"feature_classifier": judge.digest(), "samples": count, "real": len(test)})
    return _of_images(found, evaluation)


def _judge(train: Train) -> FeatureClassifier:
    """Train the judge on the training images, or read one that was; the same whatever the seed of the run.

    Of images of one class there is nothing to learn: its weights stay random.
    """
    with silenced():
        data = images.read(train, 0, train.image_size)
    judge = FeatureClassifier(data.facts.image, len(data.facts.classes))
    if len(data.facts.classes) < 2:
        return judge
    count = count_examples(data.facts.image, data.sizes["train"])
    judge.fit_or_load(cache.folder("feature-classifiers"), data.digest, lambda: images.training(data, count))
    return judge


def _held_out(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return all test images and their labels."""
    kept = [(batch["image"][mask], batch["label"][mask]) for batch in data.test for mask in [batch["mask"] > 0]]
    return np.concatenate([image for image, _ in kept]), np.concatenate([label for _, label in kept])


def _features(judge: FeatureClassifier, images: np.ndarray) -> jax.Array:
    """Return what the judge sees in each image, [image, feature]."""
    size = 500
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    padded = [np.pad(each, [(0, size - len(each)), (0, 0), (0, 0), (0, 0)]) for each in batches]
    see = jax.jit(judge.features)
    return jnp.concatenate([see(each) for each in padded])[: len(images)]


def _of_images(found: dict[str, Any], evaluation: Evaluation) -> Table:
    distance, floor = found["frechet_distance"], found["frechet_distance_floor"]
    data, protocol = evaluation.data, evaluation.protocol
    samples, real = distance["n"]
    rows = [
        ("Fréchet distance", frechet.format_distance(distance), f"{samples:,} samples to {real:,} test images"),
        (
            "floor",
            frechet.format_distance(floor),
            f"{floor['n'][0]:,} draws of the {data.sizes['train']:,} training images",
        ),
        (
            "features",
            formats.count(distance["features"]),
            frechet.describe_features(len(data.facts.data.classes), protocol["feature_classifier"]),
        ),
        ("loss", formats.loss(protocol["loss"]["value"]), "squared error on test images"),
    ]
    if "class_accuracy" in found:
        asked, sure = found["class_accuracy"], found["feature_classifier_accuracy"]["value"]
        interval = f"{formats.interval(asked)}, by that classifier, itself {formats.percent(sure)} right"
        rows.insert(2, ("class accuracy of samples", formats.percent(asked["value"]), interval))
    numbers, below = frechet.with_warning({**protocol, **found}, distance)
    return Table(evaluation.title, ["measure", "value", ""], rows, numbers, below)


def _points(learner: Learner, evaluation: Evaluation, how: Manner, samples: int | None) -> Table:
    """Count the modes that samples, and as many points of the density, hit."""
    data, protocol = evaluation.data, evaluation.protocol
    count, facts = samples or data.sizes["test"], learner.domain.facts
    drawn = jnp.asarray(draw(learner, count, None, how))
    real = jnp.concatenate([batch["point"][batch["mask"] > 0] for batch in data.test])
    modes, floor = (Modes.of(each, facts.modes, facts.std) for each in (drawn, real))
    hits, quality = ModesFound(modes.hits), Rate(modes.hits.sum(), modes.points)
    metrics = {"modes": hits, "high_quality": quality, "total_variation": modes, "total_variation_floor": floor}
    found = {name: metric.describe() for name, metric in metrics.items()}
    rows = [
        ("modes found", str(found["modes"]["value"]), f"of {found['modes']['of']}, by {count:,} samples"),
        ("high quality", formats.percent(quality.value()), "of the samples, within 3 deviations of a mode"),
        ("total variation", formats.loss(modes.value()), "total variation between the shares of the modes"),
        ("floor", formats.loss(floor.value()), f"of {len(real):,} points of the density itself"),
        ("loss", formats.loss(protocol["loss"]["value"]), "squared error on test points"),
    ]
    return Table(evaluation.title, ["measure", "value", ""], rows, {**protocol, "samples": count, **found})
