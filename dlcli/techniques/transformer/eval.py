"""Measures a transformer on the test split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data.text import token_streams
from dlcli.data.text.catalogue import open_pairs, open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.pair_batches import EncodedPairs
from dlcli.data.text.pairs import Pairs
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import bleu, classification, language_model
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Eval, Train
from dlcli.techniques.transformer.translation import translator


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return loss and bits per character, accuracies and confusion counts, or exact matches, by the run's shape."""
    found = measure(run, options)
    return _TABLES[run.learner.shape](run.learner, found)


def _of_text(learner: Learner, found: Evaluation) -> Table:
    texts = open_texts(found.options.dataset, ReadOptions.of(found.options, labels=False))
    characters = token_streams.stream(texts, found.data.test_split, learner.facts.load()).characters
    return language_model.table(found.title, found.described(), characters, found.protocol)


def _of_classes(learner: Learner, found: Evaluation) -> Table:
    return classification.table(found.title, found.described(), learner.facts.classes, found.protocol)


def _of_pairs(learner: Learner, found: Evaluation) -> Table:
    described = found.described()
    count = described["exact_match"]["n"]
    similarities = _similarities(learner, found.options)
    rows = [
        ("exact match", *_interval(described["exact_match"])),
        ("accuracy", *_interval(described["accuracy"])),
        ("loss", formats.loss(described["loss"]["value"]), "nats per token, without label smoothing"),
    ]
    for name, score in similarities.items():
        of = f"N = {score['n']:,} of {count:,} pairs" if score["n"] < count else f"N = {count:,}"
        short = "" if score["value"] is not None else "; no target has four words"
        value = "none" if score["value"] is None else f"{score['value']:.1f}"
        rows.append((_NAMES[name], value, f"0 – 100, greedy decoding, {of}{short}"))
    return Table(found.title, ["measure", "value", ""], rows, {**found.protocol, **described, **similarities})


def _similarities(learner: Learner, trained: Train) -> dict[str, Any]:
    """Return BLEU and chrF of the translations of the test split's sources, or of an evenly spread part of them."""
    facts, tokenizer = learner.facts, learner.facts.load()
    pairs_ = open_pairs(trained.dataset, ReadOptions.of(trained)).splits["test"]
    most = max(_BATCH, min(_MOST_PAIRS, _MOST_TOKENS // facts.max_target_length))
    chosen = np.arange(min(most, len(pairs_))) * len(pairs_) // min(most, len(pairs_))
    some = Pairs(*([texts[index] for index in chosen] for texts in (pairs_.sources, pairs_.targets, pairs_.places)))
    encoded = EncodedPairs(some, tokenizer, (facts.max_source_length, facts.max_target_length))
    translate, written = translator(learner.network, facts.max_target_length, 1), []
    for start in range(0, len(some), _BATCH):
        indices = np.minimum(np.arange(start, start + _BATCH), len(some) - 1)
        tokens = np.asarray(translate(encoded.source[indices], encoded.length[indices]).tokens)[:, 0]
        written += map(tokenizer.decode, tokens[: len(some) - start])
    return bleu.scores(written, some.targets)


def _interval(rate: dict[str, Any]) -> tuple[str, str]:
    return formats.percent(rate["value"]), formats.interval(rate)


_NAMES = {"bleu": "BLEU", "chrf": "chrF"}
_BATCH = 32  # sources translated at once
_MOST_PAIRS, _MOST_TOKENS = 1_000, 2**16  # decoded at most: decoding is sequential and slow
_TABLES: dict[str, Callable[[Learner, Evaluation], Table]] = {
    "decoder": _of_text,
    "encoder": _of_classes,
    "encoder-decoder": _of_pairs,
}
