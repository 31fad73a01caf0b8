"""Evaluates a tokenizer on held-out text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.engine.load import measured
from dlcli.runs.run import Run
from dlcli.techniques.tokenizer import token_statistics
from dlcli.techniques.tokenizer.options import Eval, Train

_MEANINGS = {
    "characters_per_token": "higher is more compression",
    "tokens_per_word": "fertility; words are separated by white space",
    "unknown_rate": "tokens that are unknown",
    "vocabulary_usage": "entries of the vocabulary that occur",
}


def evaluate(options: Eval) -> Table:
    """Return characters per token, tokens per word and the rate of unknown tokens.

    The split is the test split, or the validation split of a set without a test split.
    """
    folder = Path(options.run)
    run = Run(folder)
    trained = run.read_options(Train)
    dataset, reading = options.dataset or trained.dataset, ReadOptions.of(trained, options, labels=False)
    texts = measured(run, options.dataset, lambda: open_texts(dataset, reading))
    counts = token_statistics.count(tokenizers.load(folder), texts.splits[texts.eval_split].texts)
    values = counts.ratios()
    rows = [(name.replace("_", " "), _shown(name, value), _MEANINGS[name]) for name, value in values.items()]
    rows += [(name, formats.count(value), "") for name, value in dataclasses.asdict(counts).items()]
    numbers = {
        "run": str(folder),
        "dataset": texts.name,
        "split": texts.eval_split,
        **values,
        **dataclasses.asdict(counts),
    }
    without = "" if texts.eval_split == "test" else f"; {texts.name} has no test split"
    return Table(f"{texts.eval_split} split{without}", ["measure", "value", ""], rows, numbers)


def _shown(name: str, value: float) -> str:
    return formats.percent(value) if name in ("unknown_rate", "vocabulary_usage") else f"{value:.4f}"
