"""Generates text with a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.artifacts import TextChunk
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Sample
from dlcli.text_models import sampling
from dlcli.text_models.trained import TrainedTextModel


def sample(options: Sample, run: TrainedRun) -> Iterator[TextChunk]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all."""
    return sampling.sample(_model(run), options)


def sample_each(several: Sequence[Sample], run: TrainedRun) -> list[list[TextChunk]]:
    """Return the pieces of the first text of each of several options, generated together."""
    return sampling.sample_each(_model(run), several)


def _model(run: TrainedRun) -> TrainedTextModel:
    return TrainedTextModel.of(run, run.options.context)
