"""Measures the generator against the test split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
from flax import nnx

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.engine import Metrics
from dlcli.engine.load import measured
from dlcli.errors import RunError
from dlcli.interface import Data
from dlcli.metrics import frechet
from dlcli.metrics.metric import add
from dlcli.runs.run import Run
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.options import Eval


def evaluate(options: Eval) -> Table:
    """Return how far samples are from the test split, beside how far as many real examples are."""
    folder = Path(options.run)
    learner = engine.load(folder, Learner, options.use)
    changes = {name: value for name in ("data_dir", "dataset") if (value := getattr(options, name)) is not None}
    run = Run(folder)
    trained = run.options(Learner).model_copy(update=changes)
    data = measured(run, options.dataset, lambda: Learner.read(trained))
    _require_same_kind(folder, learner, data)
    learner.rngs = nnx.Rngs(noise=options.seed, score=options.seed)
    described = {name: metric.describe() for name, metric in _totals(learner, data).items()}
    protocol = {"run": options.run, "use": options.use, "split": "test", "seed": options.seed}
    if learner.domain.classes:
        return _of_images(described, {**protocol, "feature_classifier": learner.feature_classifier.digest()}, data)
    return _of_points(described, protocol)


def _require_same_kind(folder: Path, learner: Learner, data: Data) -> None:
    theirs, ours = data.facts.data, learner.facts.data
    if type(theirs) is not type(ours) or getattr(theirs, "image", None) != getattr(ours, "image", None):
        raise RunError(f"the data must be of the kind and the size that {folder} was trained on, found others")
    if learner.conditional and theirs.classes != ours.classes:
        raise RunError(f"the data must have the classes that {folder} was trained on, found others")


def _totals(learner: Learner, data: Data) -> Metrics:
    learner.eval()
    graph, state = nnx.split(learner)

    @jax.jit
    def score(state: nnx.State, batch: dict[str, Any]) -> tuple[nnx.State, Metrics]:
        live = nnx.merge(graph, state)
        return nnx.state(live), live.score(batch)

    totals = None
    for batch in data.test:
        state, metrics = score(state, dict(batch))
        totals = metrics if totals is None else add(totals, metrics)
    if totals is None:
        raise RunError("the data must have a test split, found none")
    return jax.device_get(totals)


def _of_images(described: dict[str, Any], protocol: dict[str, Any], data: Data) -> Table:
    distance, floor = described["frechet_distance"], described["frechet_distance_floor"]
    samples, real = distance["n"]
    names = ("samples", "real", "features")
    known = dict(zip(names, (samples, real, distance["features"]), strict=True))
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
    ]
    if "class_accuracy" in described:
        asked = described["class_accuracy"]
        interval = f"{formats.interval(asked)}, by that classifier"
        rows.insert(2, ("class accuracy of samples", formats.percent(asked["value"]), interval))
    numbers, below = frechet.with_warning({**protocol, **known, **described}, distance)
    return Table("test split", ["measure", "value", ""], rows, numbers, below)


def _of_points(described: dict[str, Any], protocol: dict[str, Any]) -> Table:
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
    return Table("test split", ["measure", "value", ""], rows, {**protocol, "samples": quality["n"], **described})
