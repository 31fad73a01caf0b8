"""What a transformer must know of its data, whatever its shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from dlcli.data.text import sets, tokenizers
from dlcli.data.text.columns import Reading
from dlcli.data.text.facts import PairFacts
from dlcli.interface import Data
from dlcli.techniques.transformer.options import Train


class TransformerFacts(PairFacts):
    """The tokenizer; the classes of an encoder; the times of an encoder-decoder, 0 of another shape."""


def read_text(cut: Callable[..., Data], options: Train, facts: TransformerFacts | None) -> Data:
    """Open a text set.

    Args:
        cut: a function of `dlcli.data.text.token_batches` or `labelled_batches`.
        options: of the run.
        facts: of a trained model, whose tokenizer is taken; without, one is trained or loaded.
    """
    texts = sets.open(options.dataset, Reading.of(options, labels=options.shape == "encoder"))
    if facts is None:
        tokenizer = tokenizers.resolve(options.tokenizer, options.vocabulary, texts.splits["train"])
    else:
        tokenizer = facts.load()
    return widened(cut(texts, tokenizer, batch_size=options.batch_size, context=options.context, seed=options.seed))


def widened(data: Data) -> Data:
    """Return the data with facts of this kind."""
    return dataclasses.replace(data, facts=TransformerFacts(**data.facts.model_dump()))
