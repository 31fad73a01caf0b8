"""Trains a tokenizer; there are no gradients in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.sets import TextSet
from dlcli.engine.direct import Learnt
from dlcli.interface import Facts
from dlcli.techniques.tokenizer.measuring import measure
from dlcli.techniques.tokenizer.options import Train


class TokenizerFacts(Facts):
    """What a tokenizer was trained on, in numbers; its vocabulary is in a file of its own."""

    documents: Annotated[int, Field(ge=1)]
    characters: Annotated[int, Field(ge=1)]


def read(options: Train) -> TextSet:
    """Open the text set, of which the vocabulary must be large enough."""
    found = open_texts(options.dataset, ReadOptions.of(options, labels=False))
    tokenizers.refuse_too_small(options.kind, options.vocabulary, found.splits["train"].texts)
    return found


def train(options: Train, data: TextSet) -> Learnt:
    """Learn the vocabulary of the training part, and measure on the validation part how it breaks text."""
    split = data.splits["train"]
    tokenizer = tokenizers.train(options.kind, options.vocabulary, split.texts)
    found = measure(tokenizer, data.splits["validation"].texts)
    return Learnt(
        facts=TokenizerFacts(documents=len(split), characters=split.characters),
        files={tokenizers.FILE: tokenizer.to_json()},
        parameters=len(tokenizer),
        validation=found.values(),
    )
