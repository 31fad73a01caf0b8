"""Generates text with a recurrent language model."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Piece
from dlcli.techniques.rnn.options import Sample
from dlcli.techniques.rnn.trained import load_language_model
from dlcli.text_models import sampling


def sample(options: Sample) -> Iterator[Piece]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all."""
    return sampling.sample(load_language_model(options.run, options.use), options)
