"""Splits texts into tokens."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Tokenization
from dlcli.data.text import tokenizers
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.tokenizer.options import Predict


def predict(options: Predict, run: TrainedRun) -> Iterator[Tokenization]:
    """Yield the tokens of each text in order; if a text cannot be tokenized, a problem instead."""
    tokenizer = tokenizers.load(run.folder)
    for text in options.text:
        try:
            ids = tokenizer.encode(text)
        except ValueError as error:
            yield Tokenization(ascii(text), problem=f"{text[:40]!a} {error}")
        else:
            yield Tokenization(text, list(zip(tokenizer.pieces(ids), ids.tolist(), strict=True)))
