"""Measures a tokenizer on text that it was not trained on."""

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
from dlcli.techniques.tokenizer.measuring import measure
from dlcli.techniques.tokenizer.options import Eval, Train

_MEANINGS = {
    "characters_per_token": "the more, the shorter a text becomes",
    "tokens_per_word": "words are what white space parts",
    "unknown_share": "tokens that stand for what the vocabulary lacks",
    "used_share": "entries of the vocabulary that occur",
}


def evaluate(options: Eval) -> Table:
    """Return characters a token, tokens a word and the share of unknown tokens.

    It is measured on the test split, or on the validation split of a set that has no test part.
    """
    folder = Path(options.run)
    run = Run(folder)
    trained = run.read_options(Train)
    dataset, reading = options.dataset or trained.dataset, ReadOptions.of(trained, options, labels=False)
    texts = measured(run, options.dataset, lambda: open_texts(dataset, reading))
    counts = measure(tokenizers.load(folder), texts.splits[texts.eval_split].texts)
    values = counts.values()
    rows = [(name.replace("_", " "), _shown(name, value), _MEANINGS[name]) for name, value in values.items()]
    rows += [(name, formats.count(value), "") for name, value in dataclasses.asdict(counts).items()]
    numbers = {
        "run": str(folder),
        "dataset": texts.name,
        "split": texts.eval_split,
        **values,
        **dataclasses.asdict(counts),
    }
    without = "" if texts.eval_split == "test" else f"; {texts.name} has no test part"
    return Table(f"{texts.eval_split} split{without}", ["measure", "value", ""], rows, numbers)


def _shown(name: str, value: float) -> str:
    return formats.percent(value) if name.endswith("share") else f"{value:.4f}"
