"""Metrics of a classifier, and their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.interface import Batch
from dlcli.metrics.calibration import Calibration
from dlcli.metrics.confusion import Confusion
from dlcli.metrics.metric import Mean, Metric, Metrics, Rate
from dlcli.metrics.roc import RocAuc

_WORST = 10  # classes; the table lists at most this many
_MANY = 10  # classes; top-5 accuracy is measured if there are more
_SCORES = ("precision", "recall", "f1-score")


def measure(log_probabilities: jax.Array, batch: Batch) -> Metrics:
    """Compare log-probabilities [batch, class] with the labels of a held-out batch."""
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
    if classes == 2:
        metrics["roc_auc"] = RocAuc.of(log_probabilities[:, 1] - log_probabilities[:, 0], labels, mask)
    if classes > _MANY:
        _, best = jax.lax.top_k(log_probabilities, 5)
        metrics["top5_accuracy"] = Rate.of((best == labels[:, None]).any(axis=-1), mask)
    return metrics


def classification_report(counts: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Return precision, recall, F1 and support, named as in scikit-learn's `classification_report`.

    A score whose denominator is zero is None: the precision of a class that is never predicted, the recall of a class
    without examples. In the averages it counts as 0 (scikit-learn's `zero_division=0`); a class that neither
    occurs nor is predicted is excluded from the averages.

    Args:
        counts: confusion matrix, [true class, predicted class].
        classes: their names.
    """
    counts = np.asarray(counts, np.int64)
    hits, predicted, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    scores = {
        "precision": _divided(hits, predicted),
        "recall": _divided(hits, support),
        "f1-score": _divided(2 * hits, predicted + support),
    }
    seen = predicted + support > 0
    per_class = [
        {"class": name, **{score: scores[score][index] for score in _SCORES}, "support": int(support[index])}
        for index, name in enumerate(classes)
    ]
    filled = {score: np.array([each or 0.0 for each in values])[seen] for score, values in scores.items()}
    weights = support[seen] / max(int(support.sum()), 1)
    total = {"support": int(support.sum())}
    return {
        "per_class": per_class,
        "macro avg": {**{score: float(filled[score].mean()) if seen.any() else 0.0 for score in _SCORES}, **total},
        "weighted avg": {**{score: float(filled[score] @ weights) for score in _SCORES}, **total},
    }


def table(title: str, described: Mapping[str, Any], classes: Sequence[str], how: Mapping[str, Any]) -> Table:
    """Return the table of `measure`, with precision, recall and F1 per class below.

    Args:
        title: title of the table.
        described: `describe()` of each metric by name.
        classes: their names.
        how: conditions of the measurement, such as `split`, for `--json`.
    """
    found = classification_report(np.asarray(described["confusion"]["counts"]), classes)
    numbers = {
        **how,
        **described,
        **{f"{name.removesuffix('-score')}_macro": found["macro avg"][name] for name in _SCORES},
        "classification_report": found,
        "classes": list(classes),
    }
    below = _by_class(found, described["confusion"]["counts"], classes)
    return Table(title, ["measure", "value", ""], _summary(described, found, classes), numbers, below)


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> list[float | None]:
    return [int(over) / int(under) if under else None for over, under in zip(numerator, denominator, strict=True)]


def _summary(described: Mapping[str, Any], found: Mapping[str, Any], classes: Sequence[str]) -> list[tuple[str, ...]]:
    accuracy, macro = described["accuracy"], found["macro avg"]
    rows: list[tuple[str, ...]] = [("accuracy", formats.percent(accuracy["value"]), formats.interval(accuracy))]
    if "top5_accuracy" in described:
        top = described["top5_accuracy"]
        rows.append(("top-5 accuracy", formats.percent(top["value"]), formats.interval(top)))
    if "roc_auc" in described:
        rows.append(_area(described["roc_auc"], classes[1]))
    rows += [(f"{name}, macro", formats.percent(macro[key]), "") for name, key in _named()]
    rows += [
        ("loss", formats.loss(described["loss"]["value"]), "nats, cross-entropy"),
        ("calibration error", formats.loss(described["calibration_error"]["value"]), "expected, 15 bins"),
    ]
    return rows


def _area(found: Mapping[str, Any], positive: str) -> tuple[str, str, str]:
    if found["value"] is None:
        return "ROC AUC", formats.MISSING, "needs examples of both classes"
    error = "" if found["error"] < 5e-5 else f", error at most {formats.loss(found['error'])}"
    return "ROC AUC", formats.loss(found["value"]), f"positive class: {positive}{error}"


def _named() -> list[tuple[str, str]]:
    return [("precision", "precision"), ("recall", "recall"), ("F1", "f1-score")]


def _by_class(found: Mapping[str, Any], counts: Sequence[Sequence[int]], classes: Sequence[str]) -> list[Table]:
    """Return a row per class (of many classes, those with the lowest F1), the averages, and notes on missing scores."""
    rows_of = found["per_class"]
    scored = [index for index, each in enumerate(rows_of) if each["f1-score"] is not None]
    ranked = sorted(scored, key=lambda index: rows_of[index]["f1-score"])
    many = len(classes) > _WORST
    shown = ranked[:_WORST] if many else range(len(classes))
    rows = [(classes[index], *_scores(rows_of[index]), _mistakes(counts[index], index, classes)) for index in shown]
    rows += [(name, *_scores(found[f"{name} avg"]), "") for name in ("macro", "weighted")]
    title = f"the {len(shown)} of {len(classes)} classes with the lowest F1" if many else "per class"
    columns = ["class", *(name for name, _ in _named()), "support", "predicted as"]
    return [Table(title, columns, rows), *(Table(note, [], []) for note in _undefined(rows_of))]


def _scores(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(formats.percent(row[name]) for name in _SCORES), formats.count(row["support"]))


def _mistakes(counts: Sequence[int], truth: int, classes: Sequence[str]) -> str:
    """Return the most frequent wrong predictions for a class, with their counts."""
    wrong = sorted(
        ((count, name) for index, (count, name) in enumerate(zip(counts, classes, strict=True)) if index != truth),
        key=lambda pair: -pair[0],
    )
    return ", ".join(f"{name} ({count:,}×)" for count, name in wrong[:3] if count)


def _undefined(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a note for each kind of score that has no value, and how the averages count it."""
    never = sum(row["precision"] is None and row["support"] > 0 for row in rows)
    absent = sum(row["f1-score"] is None for row in rows)
    lacking = sum(row["recall"] is None and row["f1-score"] is not None for row in rows)
    notes = [
        (never, "never predicted: no precision, counted as 0 in the averages"),
        (lacking, "predicted, but without examples in this split: no recall, counted as 0 in the averages"),
        (absent, "neither in this split nor predicted: excluded from the averages"),
    ]
    return [f"{formats.count(n)} class{'es' * (n > 1)} {text}" for n, text in notes if n]
