"""Generates text with a recurrent language model."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import TextChunk
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.options import Sample
from dlcli.text_models import sampling
from dlcli.text_models.trained import TrainedTextModel


def sample(options: Sample, run: TrainedRun) -> Iterator[TextChunk]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all."""
    return sampling.sample(TrainedTextModel.of(run, context=None), options)
