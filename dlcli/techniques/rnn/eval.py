"""Measures a language model or a classifier on the test split."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
from flax import nnx

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.data import text, tokens
from dlcli.engine import Metrics
from dlcli.engine.classification import table
from dlcli.engine.metrics import add, perplexity
from dlcli.engine.runs import Run
from dlcli.errors import RunError
from dlcli.techniques.rnn.learner import Learner, batches
from dlcli.techniques.rnn.options import Eval
from dlcli.types import Batch


def evaluate(options: Eval) -> Table:
    """Return nats a token and bits a character of a language model, accuracy and confusions of a classifier."""
    folder = Path(options.run)
    learner = engine.load(folder, Learner, options.use)
    trained = Run(folder).options(Learner)
    texts = text.open(options.dataset or trained.dataset)
    if learner.classify and texts.classes != learner.facts.classes:
        raise RunError(f"the data must have the classes that {folder} was trained on, found others")
    tokenizer = learner.facts.load()
    data = batches(trained, texts, tokenizer)
    described = {name: metric.describe() for name, metric in totals(learner, data.test).items()}
    how = {"split": texts.measured, "use": options.use, "run": str(folder)}
    if learner.classify:
        return table(described, learner.facts.classes, how)
    return _table(described["loss"], tokens.stream(texts, texts.measured, tokenizer).characters, how)


def totals(learner: Learner, held_out: Iterable[Batch]) -> Metrics:
    """Return what the learner scores over all batches, the state going on from one to the next."""
    graph, state = nnx.split(learner)

    @jax.jit
    def score(state: nnx.State, batch: Batch) -> tuple[nnx.State, Metrics]:
        live = nnx.merge(graph, state)
        metrics = live.score(batch)
        return nnx.state(live), metrics

    total: Metrics = {}
    for batch in held_out:
        state, metrics = score(state, dict(batch))
        total = add(total, metrics) if total else metrics
    if not total:
        raise RunError("the data must have a test split, found none")
    return jax.device_get(total)


def _table(loss: dict[str, Any], characters: int, how: dict[str, Any]) -> Table:
    bits = loss["value"] * loss["n"] / math.log(2) / characters
    numbers = {"loss": loss, "perplexity": perplexity(loss["value"]), "bits_per_character": bits}
    rows = [
        ("loss", formats.loss(loss["value"]), f"nats a token, N = {loss['n']:,.0f} tokens"),
        ("perplexity", formats.perplexity(loss["value"]), "exp(loss)"),
        ("bits a character", formats.loss(bits), f"of {characters:,} characters"),
    ]
    return Table(f"{how['split']} split", ["measure", "value", ""], rows, {**how, **numbers, "characters": characters})
