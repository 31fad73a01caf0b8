"""Generates text with a decoder."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Piece
from dlcli.techniques.transformer import trained
from dlcli.techniques.transformer.options import Sample
from dlcli.text_models import sampling


def sample(options: Sample) -> Iterator[Piece]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all."""
    return sampling.sample(trained.load(options.run, options.use, "decoder"), options)
