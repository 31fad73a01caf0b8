"""Trains a tokenizer, without gradient steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dlcli import interface
from dlcli.data.text import tokenizer_training, tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.sets import TextSet
from dlcli.engine.direct import Result
from dlcli.techniques.tokenizer import token_statistics
from dlcli.techniques.tokenizer.options import Train


class TokenizerFacts(interface.Facts):
    """Size of the training data; the vocabulary is in a separate file."""

    documents: Annotated[int, Field(ge=1)]
    characters: Annotated[int, Field(ge=1)]


Facts = TokenizerFacts


def read(options: Train) -> TextSet:
    """Open the text set.

    Raises:
        UsageError: the vocabulary size is too small for the text.
    """
    found = open_texts(options.dataset, ReadOptions.of(options, labels=False))
    tokenizer_training.refuse_too_small(options.kind, options.vocab_size, found.splits["train"].sample)
    return found


def train(options: Train, data: TextSet) -> Result:
    """Train on the training split, and return statistics of the validation split."""
    split = data.splits["train"]
    tokenizer = tokenizers.train(options.kind, options.vocab_size, split.sample)
    counts = token_statistics.count(tokenizer, data.splits["validation"].texts)
    return Result(
        facts=TokenizerFacts(documents=len(split), characters=split.characters),
        files={tokenizers.FILE: tokenizer.to_json()},
        parameters=len(tokenizer),
        validation=counts.ratios(),
    )
