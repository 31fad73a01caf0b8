"""Measures the generator against the test split."""

from __future__ import annotations

from typing import Any

from flax import nnx

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import frechet
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.options import Eval


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the distance of samples from the test split, and that of as many real examples as its floor."""
    learner = nnx.clone(run.learner)
    learner.rngs = nnx.Rngs(noise=options.seed, score=options.seed)
    found = measure(run, options, learner=learner)
    found.protocol["seed"] = options.seed
    if learner.domain.classes:
        return _of_images(found, learner.feature_classifier.digest())
    return _of_points(found)


def _of_images(found: Evaluation, classifier: str) -> Table:
    described = found.described()
    distance, floor = described["frechet_distance"], described["frechet_distance_floor"]
    samples, real = distance["n"]
    protocol = {
        **found.protocol,
        "feature_classifier": classifier,
        "samples": samples,
        "real": real,
        "features": distance["features"],
    }
    classes, training = len(found.data.facts.data.classes), found.data.sizes["train"]
    rows = [
        ("Fréchet distance", frechet.format_distance(distance), f"{samples:,} samples to {real:,} test images"),
        ("floor", frechet.format_distance(floor), f"{floor['n'][0]:,} draws of the {training:,} training images"),
        ("features", formats.count(distance["features"]), frechet.describe_features(classes, classifier)),
    ]
    if "class_accuracy" in described:
        asked = described["class_accuracy"]
        interval = f"{formats.interval(asked)}, by that classifier"
        rows.insert(2, ("class accuracy of samples", formats.percent(asked["value"]), interval))
    numbers, below = frechet.with_warning({**protocol, **described}, distance)
    return Table(found.title, ["measure", "value", ""], rows, numbers, below)


def _of_points(found: Evaluation) -> Table:
    described: dict[str, Any] = found.described()
    modes, quality = described["modes"], described["high_quality"]
    rows = [
        ("modes found", str(modes["value"]), f"of {modes['of']}, by {quality['n']:,} samples"),
        ("high quality", formats.percent(quality["value"]), "of the samples, within 3 deviations of a mode"),
        (
            "distance",
            formats.loss(described["total_variation"]["value"]),
            "total variation between the shares of the modes",
        ),
        ("floor", formats.loss(described["total_variation_floor"]["value"]), "of as many points of the density itself"),
    ]
    numbers = {**found.protocol, "samples": quality["n"], **described}
    return Table(found.title, ["measure", "value", ""], rows, numbers)
