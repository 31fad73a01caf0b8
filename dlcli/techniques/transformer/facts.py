"""What the data tells a transformer, and how text sets are opened for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.facts import PairFacts
from dlcli.interface import Data
from dlcli.techniques.transformer.options import Train, task_of


class TransformerFacts(PairFacts):
    """The tokenizer; an encoder's classes; an encoder-decoder's maximum lengths, which are 0 for other shapes."""


def read_text(batches: Callable[..., Data], options: Train, facts: TransformerFacts | None) -> Data:
    """Open a text set.

    Args:
        batches: a function of `dlcli.data.text.token_batches` or `labelled_batches`.
        options: of the run.
        facts: of a trained model, whose tokenizer is used; None: a tokenizer is trained or loaded.
    """
    texts = open_texts(options.dataset, ReadOptions.of(options, labels=task_of(options) == "classify"))
    if facts is None:
        tokenizer = tokenizers.resolve(options.tokenizer, options.vocab_size, texts.splits["train"])
    else:
        tokenizer = facts.load()
    sizes = {"batch_size": options.batch_size, "context": options.context, "seed": options.seed}
    return transformer_facts(batches(texts, tokenizer, **sizes))


def transformer_facts(data: Data) -> Data:
    """Return the data with its facts as `TransformerFacts`."""
    return dataclasses.replace(data, facts=TransformerFacts(**data.facts.model_dump()))
