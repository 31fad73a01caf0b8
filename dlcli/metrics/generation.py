"""Metrics of generated samples: images by the features of a classifier, points by the modes of their density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.metrics import frechet
from dlcli.metrics.feature_classifier import FeatureClassifier
from dlcli.metrics.frechet import Frechet
from dlcli.metrics.kernel_distance import kernel_distance
from dlcli.metrics.manifold import precision_recall
from dlcli.metrics.metric import Metric, Metrics, Rate
from dlcli.metrics.modes import Modes, ModesFound

Row = tuple[str, str, str]

MIN_SAMPLES = 1_000  # for a distance, where the test split has fewer examples
_MOST, _LEAST = 10_000, 4  # images whose pairwise distances are computed


def image_metrics(
    classifier: FeatureClassifier,
    generated: jax.Array,
    training: jax.Array,
    held_out: jax.Array,
    *,
    mask: jax.Array | None = None,
    labels: jax.Array | None = None,
) -> Metrics:
    """Compare generated images with held-out images, and as the floor training images with held-out images.

    Args:
        classifier: the classifier that computed the features.
        generated: features of generated images, float32 [sample, feature].
        training: features of as many training images, float32 [sample, feature].
        held_out: features of held-out images, float32 [example, feature].
        mask: 1 for a held-out image, 0 for padding, float32 [example]; the samples are then a multiple of these. None:
            no padding.
        labels: the class of each sample of a class-conditional model, int [sample], or None.
    """
    masks = None if mask is None else jnp.tile(mask, len(generated) // len(mask))
    metrics: dict[str, Metric] = {
        "frechet_distance": Frechet.of((generated, held_out), (masks, mask)),
        "frechet_distance_floor": Frechet.of((training, held_out), (masks, mask)),
    }
    if labels is not None:
        metrics["class_accuracy"] = Rate.of(classifier.logits(generated).argmax(axis=-1) == labels, masks)
    return metrics


def feature_metrics(generated: jax.Array, training: jax.Array, held_out: jax.Array) -> dict[str, Any]:
    """Return the kernel distance, the precision and the recall of generated images, described, with their floors.

    A floor compares training images with held-out images. All are features, float [image, feature]; of each set at most
    the first 10,000 are compared. Without 4 images in each set, which the third nearest neighbour needs, none of the
    metrics is defined: the result is {}.
    """
    sets = [np.asarray(each)[:_MOST] for each in (generated, training, held_out)]
    found: dict[str, Any] = {}
    if min(map(len, sets)) < _LEAST:
        return found
    for features, suffix in ((sets[0], ""), (sets[1], "_floor")):
        found[f"kernel_distance{suffix}"] = kernel_distance(features, sets[2])
        rates = precision_recall(features, sets[2])
        found |= {f"{name}{suffix}": rate for name, rate in rates.items()}
    return found


def point_metrics(
    generated: jax.Array,
    held_out: jax.Array,
    modes: Sequence[Sequence[float]],
    std: float,
    mask: jax.Array | None = None,
) -> Metrics:
    """Count the modes that generated points hit, and those that held-out points hit as the floor.

    Args:
        generated: points, [sample, 2].
        held_out: points of the density, [example, 2].
        modes: centers of the modes, [mode, 2].
        std: standard deviation of a mode.
        mask: 1 for a point, 0 for padding, of both; None where there is no padding.
    """
    hits, floor = (Modes.of(points, modes, std, mask) for points in (generated, held_out))
    return {
        "total_variation": hits,
        "total_variation_floor": floor,
        "modes": ModesFound(hits.hits),
        "high_quality": Rate(hits.hits.sum(), hits.points),
    }


def image_table(
    title: str,
    described: Mapping[str, Any],
    protocol: Mapping[str, Any],
    *,
    classes: int,
    training: int,
    more: Sequence[Row] = (),
) -> Table:
    """Return the table of `image_metrics`.

    Args:
        title: heading of the table.
        described: the described metrics.
        protocol: how they were measured, as JSON, with the digest of the `feature_classifier`.
        classes: number of classes of the data set.
        training: number of its training images.
        more: further rows.
    """
    distance, floor = described["frechet_distance"], described["frechet_distance_floor"]
    samples, real = distance["n"]
    features = frechet.describe_features(classes, protocol["feature_classifier"])
    rows = [
        ("Fréchet distance", frechet.format_distance(distance), f"{samples:,} generated to {real:,} held-out images"),
        ("floor", frechet.format_distance(floor), f"{floor['n'][0]:,} draws of the {training:,} training images"),
        *_feature_rows(described),
        ("features", formats.count(distance["features"]), features),
        *more,
    ]
    if "class_accuracy" in described:
        accuracy = described["class_accuracy"]
        note = f"{formats.interval(accuracy)}, by that classifier"
        if "feature_classifier_accuracy" in described:
            note += f", whose test accuracy is {formats.percent(described['feature_classifier_accuracy']['value'])}"
        rows.insert(2, ("class accuracy of conditional samples", formats.percent(accuracy["value"]), note))
    sizes = {"samples": samples, "real": real, "features": distance["features"]}
    numbers, below = frechet.with_warning({**protocol, **sizes, **described}, distance)
    return Table(title, ["measure", "value", ""], rows, numbers, below)


def _feature_rows(described: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `feature_metrics`, if they were measured."""
    if "kernel_distance" not in described:
        return []

    def distance(found: Mapping[str, Any]) -> str:
        return f"{found['value']:.4g} ± {found['std']:.2g}"

    kernel, precision, recall = (described[name] for name in ("kernel_distance", "precision", "recall"))
    floors = {name: described[f"{name}_floor"] for name in ("kernel_distance", "precision", "recall")}
    subsets = f"mean and deviation of {kernel['subsets']} subsets of {kernel['subset_size']:,}"
    return [
        ("kernel distance (KID)", distance(kernel), f"{subsets}; floor {distance(floors['kernel_distance'])}"),
        (
            "precision",
            formats.percent(precision["value"]),
            f"samples on the manifold of real images; real {formats.percent(floors['precision']['value'])}",
        ),
        (
            "recall",
            formats.percent(recall["value"]),
            f"real images on the manifold of samples; real {formats.percent(floors['recall']['value'])}",
        ),
    ]


def point_table(
    title: str, described: Mapping[str, Any], protocol: Mapping[str, Any], more: Sequence[Row] = ()
) -> Table:
    """Return the table of `point_metrics`; the arguments are those of `image_table`."""
    modes, quality, floor = described["modes"], described["high_quality"], described["total_variation_floor"]
    distance = formats.loss(described["total_variation"]["value"])
    rows = [
        ("modes found", str(modes["value"]), f"of {modes['of']}, by {quality['n']:,} samples"),
        ("high quality", formats.percent(quality["value"]), "of the samples, within 3 standard deviations of a mode"),
        ("total variation distance", distance, "between the probabilities of the modes"),
        ("floor", formats.loss(floor["value"]), f"of {floor['n']:,} points of the density itself"),
        *more,
    ]
    return Table(title, ["measure", "value", ""], rows, {**protocol, "samples": quality["n"], **described})
