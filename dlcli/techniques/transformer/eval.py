"""Evaluates a transformer on the test split."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcli import activity, formats
from dlcli.artifacts import Table
from dlcli.data.text.pair_batches import EncodedPairs
from dlcli.data.text.pairs import Pairs
from dlcli.engine.evaluate import Evaluation
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics import bleu, classification, language_model
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Eval
from dlcli.techniques.transformer.translation import translator
from dlcli.text_models import bag_of_ngrams

_BATCH = 32  # sources per batch
_MAX_PAIRS, _MAX_TOKENS = 10_000, 2**20  # limits of what is translated: decoding is sequential and slow
_NAMES = {"bleu": "BLEU", "chrf": "chrF"}


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the metrics of the run's shape.

    A decoder has loss and bits per character, an encoder accuracy and confusion counts, one of masked tokens loss and
    accuracy, an encoder-decoder exact match, BLEU and chrF.
    """
    found = measure(run, options)
    if run.learner.task == "encoder-decoder":
        return _translation(run.learner, found, options)
    table = _TABLES[run.learner.task](run.learner, found)
    return _with_baseline(table, found) if options.baseline else table


def _language_modeling(learner: Learner, found: Evaluation) -> Table:
    return language_model.table(found.title, found.described(), found.examples.characters, found.protocol)


def _classification(learner: Learner, found: Evaluation) -> Table:
    return classification.table(found.title, found.described(), learner.facts.classes, found.protocol)


def _with_baseline(table: Table, found: Evaluation) -> Table:
    """Return a classifier's table with the accuracy of the linear model on the same split."""
    baseline = bag_of_ngrams.accuracy(found.data.opened, found.protocol["split"])
    explained = f"{formats.interval(baseline)}, TF-IDF of words and pairs, logistic regression"
    row = ("bag of n-grams", formats.percent(baseline["value"]), explained)
    rows = [table.rows[0], row, *table.rows[1:]]
    return dataclasses.replace(table, rows=rows, numbers={**table.numbers, "bag_of_ngrams": baseline})


def _masked_modeling(learner: Learner, found: Evaluation) -> Table:
    described = found.described()
    loss, accuracy = described["loss"], described["accuracy"]
    rows = [
        ("accuracy", formats.percent(accuracy["value"]), formats.interval(accuracy)),
        ("loss", formats.loss(loss["value"]), f"nats per masked token, N = {loss['n']:,.0f}"),
    ]
    return Table(found.title, ["measure", "value", ""], rows, {**found.protocol, **described})


def _translation(learner: Learner, found: Evaluation, options: Eval) -> Table:
    described = found.described()
    count = described["exact_match"]["n"]
    search = {"beams": options.beams, "length_penalty": options.length_penalty}
    scores = _translation_scores(learner, found.examples, **search)
    rows = [
        ("exact match", *_interval(described["exact_match"])),
        ("accuracy", *_interval(described["accuracy"])),
        ("loss", formats.loss(described["loss"]["value"]), "nats per token, without label smoothing"),
    ]
    penalized = f"{options.beams} beams, length penalty {options.length_penalty:g}"
    decoding = "greedy decoding" if options.beams == 1 else penalized
    for name, score in scores.items():
        of = f"N = {score['n']:,} of {count:,} pairs" if score["n"] < count else f"N = {count:,}"
        short = "" if score["value"] is not None else "; no target has four words"
        value = "none" if score["value"] is None else f"{score['value']:.1f}"
        rows += [(_NAMES[name], value, f"0 – 100, {decoding}, {of}{short}"), ("", "", score["signature"])]
    return Table(found.title, ["measure", "value", ""], rows, {**found.protocol, **search, **described, **scores})


def _translation_scores(learner: Learner, test: Pairs, *, beams: int, length_penalty: float) -> dict[str, Any]:
    """Return BLEU and chrF of the translations of the sources, or of an evenly spaced part of them."""
    facts, tokenizer = learner.facts, learner.facts.load()
    limit = max(_BATCH, min(_MAX_PAIRS, _MAX_TOKENS // facts.max_target_length))
    chosen = np.arange(min(limit, len(test))) * len(test) // min(limit, len(test))
    part = Pairs(*([texts[int(index)] for index in chosen] for texts in (test.sources, test.targets, test.places)))
    encoded = EncodedPairs(part, tokenizer, (facts.max_source_length, facts.max_target_length))
    translate = translator(learner.network, facts.max_target_length, beams, length_penalty)
    translations: list[str] = []
    for start in range(0, len(part), _BATCH):
        activity.report("translating", start, len(part))
        indices = np.minimum(np.arange(start, start + _BATCH), len(part) - 1)
        tokens = np.asarray(translate(encoded.source[indices], encoded.length[indices]).tokens)[:, 0]
        translations += map(tokenizer.decode, tokens[: len(part) - start])
    activity.report("")
    return bleu.scores(translations, part.targets)


def _interval(rate: dict[str, Any]) -> tuple[str, str]:
    return formats.percent(rate["value"]), formats.interval(rate)


_TABLES: dict[str, Callable[[Learner, Evaluation], Table]] = {
    "decoder": _language_modeling,
    "classify": _classification,
    "mask": _masked_modeling,
}
