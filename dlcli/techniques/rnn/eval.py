"""Measures a language model or a classifier on the test split."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
from flax import nnx

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.data import labels
from dlcli.data.text import token_streams
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.sets import TextSet
from dlcli.data.text.tokenizers import Tokenizer
from dlcli.engine import Metrics
from dlcli.engine.load import measured
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.metrics.classification import table
from dlcli.metrics.metric import add
from dlcli.metrics.perplexity import perplexity
from dlcli.runs.run import Run
from dlcli.techniques.rnn.learner import Learner, batches, reading
from dlcli.techniques.rnn.options import Eval, Train


def evaluate(options: Eval) -> Table:
    """Return nats a token and bits a character of a language model, accuracy and confusions of a classifier."""
    folder = Path(options.run)
    learner, run = engine.load(folder, Learner, options.use), Run(folder)
    trained, tokenizer = run.options(Learner), learner.facts.load()
    read = measured(run, options.dataset, lambda: _read(trained, options, tokenizer))
    if learner.classify and read.texts.classes != learner.facts.classes:
        raise RunError(labels.other_classes(folder, learner.facts.classes, read.texts.classes))
    described = {name: metric.describe() for name, metric in totals(learner, read.data.test).items()}
    how = {"split": read.texts.eval_split, "use": options.use, "run": str(folder)}
    if learner.classify:
        return table(described, learner.facts.classes, how)
    return _table(described["loss"], token_streams.stream(read.texts, read.texts.eval_split, tokenizer).characters, how)


@dataclasses.dataclass(frozen=True)
class _Read:
    """Texts, and the batches that they are cut into."""

    texts: TextSet
    data: Data

    @property
    def digest(self) -> str:
        return self.data.digest


def _read(trained: Train, options: Eval, tokenizer: Tokenizer) -> _Read:
    texts = open_texts(options.dataset or trained.dataset, reading(trained, options))
    return _Read(texts, batches(trained, texts, tokenizer, trained=True))


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
