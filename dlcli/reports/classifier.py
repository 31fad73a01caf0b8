"""The confusion matrix of a classifier with examples of its errors, and its reliability diagram."""

from __future__ import annotations

import dataclasses
import io
from collections import defaultdict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from dlcli.engine.evaluate import Evaluation, evaluate
from dlcli.figures.options.images import Confusion
from dlcli.interface import Batch
from dlcli.metrics import classification
from dlcli.metrics.metric import Metrics
from dlcli.nn import functional
from dlcli.pages.elements import Element, Grid, Paragraph, Widget, data_uri
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun

_PER_CELL = 6  # examples kept per pair of classes
_KEPT = 120  # examples on the page, the most confident ones
_MATRIX = 60  # classes; a larger matrix is not drawn
_SIDE = 64  # pixels of an example
_TEXT = 240  # characters of an example


@dataclasses.dataclass(frozen=True, eq=False)
class _Error:
    """An example that was classified wrongly: its class, the predicted one, its probability, and what it shows."""

    truth: int
    prediction: int
    probability: float
    inputs: dict[str, np.ndarray]


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return the two widgets for a classifier, measured on the validation split, or with `--eval` on the test split."""
    if not _is_classifier(run):
        return []
    split = "test" if options.eval else "validation"
    found, errors = _measured(run, split)
    described, classes = found.described(), list(run.facts.classes)
    counts = np.asarray(described["confusion"]["counts"])
    examples = [_example(run, each) for each in errors]
    name = f"{found.protocol['split']} split, N = {int(counts.sum()):,}"
    shown: list[Element] = []
    if len(classes) <= _MATRIX:
        data = {"classes": classes, "counts": counts.tolist(), "examples": examples}
        shown.append(Widget("confusion", f"confusion matrix, {name}; click a cell for its examples", data))
    shown.append(_pairs(counts, classes))
    calibration = described["calibration_error"]
    data = {"error": calibration["value"], **{key: calibration[key] for key in ("confidence", "accuracy", "count")}}
    return [*shown, Widget("reliability", f"reliability diagram, {name}", data)]


def _is_classifier(run: TrainedRun) -> bool:
    if run.technique not in Confusion.technique or not run.facts.classes:
        return False
    return hasattr(run.learner, "batch_log_probabilities")


def _measured(run: TrainedRun, split: str) -> tuple[Evaluation, list[_Error]]:
    """Return the metrics of a split, and its most confident errors, at most `_PER_CELL` per pair of classes."""
    learner = run.learner
    predict = functional.jit(type(learner).batch_log_probabilities, learner)
    errors: dict[tuple[int, int], list[_Error]] = defaultdict(list)
    measure = jax.jit(classification.measure)

    def score(number: int, batch: Batch) -> Metrics:
        inputs = {name: np.asarray(value) for name, value in batch.items()}
        log_probabilities = predict({name: jnp.asarray(value) for name, value in batch.items()})
        _collect(errors, inputs, np.asarray(log_probabilities))
        return measure(log_probabilities, {name: jnp.asarray(inputs[name]) for name in ("label", "mask")})

    found = evaluate(run, Confusion(run=str(run.folder)), split=split, score=score)
    every = sorted((each for some in errors.values() for each in some), key=lambda each: -each.probability)
    return found, every[:_KEPT]


def _collect(errors: dict[tuple[int, int], list[_Error]], batch: dict[str, np.ndarray], found: np.ndarray) -> None:
    """Add the errors of a batch, and keep the most confident of each pair of classes."""
    predictions = found.argmax(axis=-1)
    shown = {name: value for name, value in batch.items() if name not in ("label", "mask")}
    for row in np.flatnonzero((predictions != batch["label"]) & (batch["mask"] > 0)):
        pair = int(batch["label"][row]), int(predictions[row])
        probability = float(np.exp(found[row].max()))
        kept = errors[pair]
        kept.append(_Error(*pair, probability, {name: value[row] for name, value in shown.items()}))
        kept.sort(key=lambda each: -each.probability)
        del kept[_PER_CELL:]


def _example(run: TrainedRun, error: _Error) -> dict[str, Any]:
    found = {"truth": error.truth, "prediction": error.prediction, "probability": round(error.probability, 4)}
    return {**found, **_SHOWN[next(name for name in _SHOWN if name in error.inputs)](run, error.inputs)}


def _image(run: TrainedRun, inputs: dict[str, np.ndarray]) -> dict[str, str]:
    pixels = inputs["image"]
    shown = pixels if pixels.shape[-1] == 3 else pixels.mean(axis=-1).astype(np.uint8)
    picture, buffer = Image.fromarray(shown), io.BytesIO()
    picture.thumbnail((_SIDE, _SIDE))
    picture.save(buffer, "PNG", optimize=True)
    return {"image": data_uri(buffer.getvalue(), "image/png")}


def _text(run: TrainedRun, inputs: dict[str, np.ndarray]) -> dict[str, str]:
    text = run.facts.load().decode(inputs["tokens"][: int(inputs["length"])])
    return {"text": text if len(text) <= _TEXT else f"{text[:_TEXT]}…"}


def _row(run: TrainedRun, inputs: dict[str, np.ndarray]) -> dict[str, str]:
    values = inputs["features"] * np.asarray(run.facts.std) + np.asarray(run.facts.mean)
    return {"text": ", ".join(f"{name} {value:.4g}" for name, value in zip(run.facts.features, values, strict=True))}


_SHOWN = {"image": _image, "tokens": _text, "features": _row}


def _pairs(counts: np.ndarray, classes: list[str]) -> Element:
    """Return the table of the classes that are confused most often."""
    wrong = counts - np.diag(np.diag(counts))
    order = [place for place in np.argsort(-wrong, axis=None, kind="stable")[:10] if wrong.flat[place]]
    pairs = [divmod(int(place), len(classes)) for place in order]
    if not pairs:
        return Paragraph("No example was classified wrongly.", "note")
    rows = [
        (classes[truth], classes[prediction], f"{counts[truth, prediction]:,}", f"{counts[truth].sum():,}")
        for truth, prediction in pairs
    ]
    return Grid("most frequent confusions", ("true class", "predicted class", "count", "of"), rows)
