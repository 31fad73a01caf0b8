"""Evaluates a tokenizer on held-out text."""

from __future__ import annotations

import dataclasses

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.engine.evaluate import opened, protocol, title
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.tokenizer import token_statistics
from dlcli.techniques.tokenizer.options import Eval

_MEANINGS = {
    "characters_per_token": "higher means shorter sequences",
    "tokens_per_word": "fertility; words are separated by white space",
    "unknown_rate": "unknown tokens per token",
    "vocabulary_usage": "entries of the vocabulary that occur",
}
_PERCENTAGES = ("unknown_rate", "vocabulary_usage")


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return characters per token, tokens per word and the rate of unknown tokens.

    It is measured on the test split, or on the validation split of a set that has no test split.
    """
    dataset, reading = options.dataset or run.options.dataset, ReadOptions.of(run.options, options, labels=False)
    texts = opened(run, options.dataset, lambda: open_texts(dataset, reading))
    counts = token_statistics.count(tokenizers.load(run.folder), texts.splits[texts.test_split].texts)
    ratios = counts.ratios()
    rows = [(name.replace("_", " "), _formatted(name, value), _MEANINGS[name]) for name, value in ratios.items()]
    rows += [(name, formats.count(value), "") for name, value in dataclasses.asdict(counts).items()]
    how = protocol(run, options.dataset, texts.test_split)
    return Table(title(how), ["measure", "value", ""], rows, {**how, **ratios, **dataclasses.asdict(counts)})


def _formatted(name: str, value: float) -> str:
    return formats.percent(value) if name in _PERCENTAGES else f"{value:.4f}"
