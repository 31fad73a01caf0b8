"""Measures a transformer on the test split."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.data import labels
from dlcli.data.text import token_streams
from dlcli.data.text.catalogue import open_pairs, open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.pair_batches import EncodedPairs
from dlcli.data.text.pairs import Pairs
from dlcli.engine import Metrics
from dlcli.engine.load import measured
from dlcli.errors import RunError, UsageError
from dlcli.interface import Batch
from dlcli.metrics import bleu, classification
from dlcli.metrics.metric import add
from dlcli.metrics.perplexity import perplexity
from dlcli.runs.run import Run
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Eval, Train, misplaced_column
from dlcli.techniques.transformer.translation import translator


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
    texts, loss = open_texts(trained.dataset, ReadOptions.of(trained, labels=False)), described["loss"]
    characters = token_streams.stream(texts, texts.eval_split, learner.facts.load()).characters
    bits = loss["value"] * loss["n"] / math.log(2) / characters
    rows = [
        ("loss", formats.loss(loss["value"]), f"nats a token, N = {loss['n']:,.0f} tokens"),
        ("perplexity", formats.perplexity(loss["value"]), "exp(loss)"),
        ("bits a character", formats.loss(bits), f"of {characters:,} characters"),
        ("accuracy", *_interval(described["accuracy"])),
    ]
    more = {"perplexity": perplexity(loss["value"]), "bits_per_character": bits, "characters": characters}
    numbers = {"split": texts.eval_split, **how, **described, **more}
    return Table(f"{texts.eval_split} split", ["measure", "value", ""], rows, numbers)


def _of_classes(learner: Learner, described: dict[str, Any], trained: Train, how: dict[str, Any]) -> Table:
    split = open_texts(trained.dataset, ReadOptions.of(trained)).eval_split
    return classification.table(described, learner.facts.classes, {"split": split, **how})


def _of_pairs(learner: Learner, described: dict[str, Any], trained: Train, how: dict[str, Any]) -> Table:
    count = described["exact_match"]["n"]
    closeness = _closeness(learner, trained)
    rows = [
        ("exact match", *_interval(described["exact_match"])),
        ("accuracy", *_interval(described["accuracy"])),
        ("loss", formats.loss(described["loss"]["value"]), "nats a token, without smoothing"),
    ]
    for name, found in closeness.items():
        of = f"N = {found['n']:,} of {count:,} pairs" if found["n"] < count else f"N = {count:,}"
        short = "" if found["value"] is not None else "; no target has four words"
        value = "none" if found["value"] is None else f"{found['value']:.1f}"
        rows.append((_CLOSENESS[name], value, f"0 – 100, greedy decoding, {of}{short}"))
    return Table("test split", ["measure", "value", ""], rows, {"split": "test", **how, **described, **closeness})


def _closeness(learner: Learner, trained: Train) -> dict[str, Any]:
    """Return BLEU and chrF of what is written for the test split's sources, or for some of them, evenly spread."""
    facts, tokenizer = learner.facts, learner.facts.load()
    pairs_ = open_pairs(trained.dataset, ReadOptions.of(trained)).splits["test"]
    most = max(_BATCH, min(_MOST_PAIRS, _MOST_TOKENS // facts.max_target_length))
    chosen = np.arange(min(most, len(pairs_))) * len(pairs_) // min(most, len(pairs_))
    some = Pairs(*([texts[place] for place in chosen] for texts in (pairs_.sources, pairs_.targets, pairs_.places)))
    encoded = EncodedPairs(some, tokenizer, (facts.max_source_length, facts.max_target_length))
    translate, written = translator(learner.network, facts.max_target_length, 1), []
    for start in range(0, len(some), _BATCH):
        places = np.minimum(np.arange(start, start + _BATCH), len(some) - 1)
        found = np.asarray(translate(encoded.source[places], encoded.length[places]).tokens)[:, 0]
        written += map(tokenizer.decode, found[: len(some) - start])
    return bleu.scores(written, some.targets)


def _interval(rate: dict[str, Any]) -> tuple[str, str]:
    return formats.percent(rate["value"]), formats.interval(rate)


_CLOSENESS = {"bleu": "BLEU", "chrf": "chrF"}
_BATCH = 32  # sources translated at once
_MOST_PAIRS, _MOST_TOKENS = 1_000, 2**16  # written at most: one token after the other takes a while
_TABLES: dict[str, Callable[..., Table]] = {"decoder": _of_text, "encoder": _of_classes, "encoder-decoder": _of_pairs}
