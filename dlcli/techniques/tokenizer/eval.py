"""Measures a tokenizer on text that it was not trained on."""

from __future__ import annotations

import dataclasses

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.data.text import sets, tokenizers
from dlcli.data.text.columns import Reading
from dlcli.engine.evaluate import opened, protocol, title
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.tokenizer.measuring import measure
from dlcli.techniques.tokenizer.options import Eval

_MEANINGS = {
    "characters_per_token": "higher means shorter sequences",
    "tokens_per_word": "words are separated by white space",
    "unknown_share": "tokens that stand for characters or words outside the vocabulary",
    "used_share": "entries of the vocabulary that occur",
}


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return characters per token, tokens per word and the rate of unknown tokens.

    It is measured on the test split, or on the validation split of a set that has no test split.
    """
    dataset, reading = options.dataset or run.options.dataset, Reading.of(run.options, options, labels=False)
    texts = opened(run, options.dataset, lambda: sets.open(dataset, reading))
    counts = measure(tokenizers.load(run.folder), texts.splits[texts.eval_split].texts)
    values = counts.values()
    rows = [(name.replace("_", " "), _shown(name, value), _MEANINGS[name]) for name, value in values.items()]
    rows += [(name, formats.count(value), "") for name, value in dataclasses.asdict(counts).items()]
    how = protocol(run, options.dataset, texts.eval_split)
    return Table(title(how), ["measure", "value", ""], rows, {**how, **values, **dataclasses.asdict(counts)})


def _shown(name: str, value: float) -> str:
    return formats.percent(value) if name.endswith("share") else f"{value:.4f}"
