"""Measures a transformer on the test split."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax
from flax import nnx

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.data import labels, text, tokens
from dlcli.data.columns import Reading
from dlcli.engine import Metrics, classification
from dlcli.engine.load import measured
from dlcli.engine.metrics import add, perplexity
from dlcli.engine.runs import Run
from dlcli.errors import RunError, UsageError
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Eval, Train, misplaced_column
from dlcli.types import Batch


def evaluate(options: Eval) -> Table:
    """Return nats a token and bits a character, accuracies and confusions, or exact matches, by the run's shape."""
    folder = Path(options.run)
    learner = engine.load(folder, Learner, options.use)
    names = ("data_dir", "dataset", "text_column", "label_column", "source_column", "target_column")
    changes = {name: value for name in names if (value := getattr(options, name)) is not None}
    if misplaced := misplaced_column(learner.shape, changes):
        raise UsageError(f"{misplaced} for a run of --shape {learner.shape}")
    trained = Run(folder).options(Learner).model_copy(update=changes)
    data = measured(Run(folder), options.dataset, lambda: Learner.read(trained, learner.facts))
    if data.facts.classes != learner.facts.classes:
        raise RunError(labels.other_classes(folder, learner.facts.classes, data.facts.classes))
    described = {name: metric.describe() for name, metric in _totals(learner, data.test).items()}
    how = {"use": options.use, "run": str(folder)}
    return _TABLES[learner.shape](learner, described, trained, how)


def _totals(learner: Learner, batches: Iterable[Batch]) -> Metrics:
    graph, state = nnx.split(learner)
    score = jax.jit(lambda state, batch: nnx.merge(graph, state).score(batch))
    total: Metrics = {}
    for batch in batches:
        metrics = score(state, dict(batch))
        total = add(total, metrics) if total else metrics
    if not total:
        raise RunError("the data must have a test split, found none")
    return jax.device_get(total)


def _of_text(learner: Learner, described: dict[str, Any], trained: Train, how: dict[str, Any]) -> Table:
    texts, loss = text.open(trained.dataset, Reading.of(trained)), described["loss"]
    characters = tokens.stream(texts, texts.measured, learner.facts.load()).characters
    bits = loss["value"] * loss["n"] / math.log(2) / characters
    rows = [
        ("loss", formats.loss(loss["value"]), f"nats a token, N = {loss['n']:,.0f} tokens"),
        ("perplexity", formats.perplexity(loss["value"]), "exp(loss)"),
        ("bits a character", formats.loss(bits), f"of {characters:,} characters"),
        ("accuracy", *_interval(described["accuracy"])),
    ]
    more = {"perplexity": perplexity(loss["value"]), "bits_per_character": bits, "characters": characters}
    numbers = {"split": texts.measured, **how, **described, **more}
    return Table(f"{texts.measured} split", ["measure", "value", ""], rows, numbers)


def _of_classes(learner: Learner, described: dict[str, Any], trained: Train, how: dict[str, Any]) -> Table:
    split = text.open(trained.dataset, Reading.of(trained)).measured
    return classification.table(described, learner.facts.classes, {"split": split, **how})


def _of_pairs(_: Learner, described: dict[str, Any], __: Train, how: dict[str, Any]) -> Table:
    rows = [
        ("exact match", *_interval(described["exact_match"])),
        ("accuracy", *_interval(described["accuracy"])),
        ("loss", formats.loss(described["loss"]["value"]), "nats a token, without smoothing"),
    ]
    return Table("test split", ["measure", "value", ""], rows, {"split": "test", **how, **described})


def _interval(rate: dict[str, Any]) -> tuple[str, str]:
    return formats.percent(rate["value"]), formats.interval(rate)


_TABLES: dict[str, Callable[..., Table]] = {"decoder": _of_text, "encoder": _of_classes, "encoder-decoder": _of_pairs}
