"""What is measured of a classifier, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from dlcli.artifacts import Table
from dlcli.engine.metrics import Calibration, Confusion, Mean, Metric, Metrics, Rate
from dlcli.types import Batch

_WORST = 10  # classes listed in the table where there are more


def measure(log_probabilities: jax.Array, batch: Batch) -> Metrics:
    """Compare predictions [batch, class] with the labels of a held-out batch."""
    labels, mask = jnp.asarray(batch["label"]), jnp.asarray(batch["mask"])
    classes = log_probabilities.shape[-1]
    prediction = log_probabilities.argmax(axis=-1)
    hits = prediction == labels
    metrics: dict[str, Metric] = {
        "loss": Mean.of(-jnp.take_along_axis(log_probabilities, labels[:, None], axis=-1)[:, 0], mask),
        "accuracy": Rate.of(hits, mask),
        "confusion": Confusion.of(labels, prediction, classes, mask),
        "calibration_error": Calibration.of(jnp.exp(log_probabilities.max(axis=-1)), hits, mask),
    }
    if classes > 10:
        _, best = jax.lax.top_k(log_probabilities, 5)
        metrics["top5_accuracy"] = Rate.of((best == labels[:, None]).any(axis=-1), mask)
    return metrics


def table(described: Mapping[str, Any], classes: Sequence[str], how: Mapping[str, Any]) -> Table:
    """Tell what `measure` found, with the accuracy of each class.

    Args:
        described: of each metric.
        classes: their names.
        how: it was measured, the `split` among others; `--json` prints it too.
    """
    accuracy, confusion = described["accuracy"], described["confusion"]
    rows = [
        (
            "accuracy",
            f"{accuracy['value']:.2%}",
            f"95 % interval {accuracy['low']:.2%} – {accuracy['high']:.2%}, N = {accuracy['n']:,}",
        )
    ]
    if "top5_accuracy" in described:
        rows.append(("top-5 accuracy", f"{described['top5_accuracy']['value']:.2%}", ""))
    rows += [
        ("loss", f"{described['loss']['value']:.4f}", "nats, cross-entropy"),
        ("calibration error", f"{described['calibration_error']['value']:.4f}", "expected, 15 bins"),
    ]
    ranked = sorted(range(len(classes)), key=lambda index: confusion["recall"][index] or 0.0)
    shown = sorted(ranked[:_WORST]) if len(classes) <= _WORST else ranked[:_WORST]
    rows += [
        (classes[index], _share(confusion["recall"][index]), _mistakes(confusion["counts"][index], index, classes))
        for index in shown
    ]
    title = f"{how['split']} split"
    if len(classes) > _WORST:
        title += f"; of {len(classes)} classes the {_WORST} worst"
    numbers = {**how, **described, "classes": list(classes)}
    return Table(title, ["measure", "value", ""], rows, numbers)


def _share(recall: float | None) -> str:
    return "–" if recall is None else f"{recall:.2%}"


def _mistakes(counts: list[int], truth: int, classes: Sequence[str]) -> str:
    """Say for what a class is taken most often."""
    wrong = sorted(
        ((count, name) for index, (count, name) in enumerate(zip(counts, classes, strict=True)) if index != truth),
        reverse=True,
    )
    taken = [f"{name} {count}" for count, name in wrong[:3] if count]
    return f"{counts[truth]} of {sum(counts)}" + (f"; taken for {', '.join(taken)}" if taken else "")
