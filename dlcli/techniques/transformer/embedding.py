"""Sentence vectors: the mean of an encoder's positions, and the nearest lines of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dlcli.artifacts import Prediction, Vector
from dlcli.errors import DatasetError
from dlcli.files import read_bytes, reason, split_lines
from dlcli.nn import functional
from dlcli.techniques.transformer.model import Encoder
from dlcli.text_models import prediction
from dlcli.text_models.trained import TrainedTextModel

_BATCH = 16  # texts per batch
_LARGEST = 64 * 2**20  # bytes of a file of lines


def embed(model: TrainedTextModel, texts: Sequence[str]) -> Iterator[Vector]:
    """Yield the vector of each text in order, float32 [feature]; if a text cannot be tokenized, a problem instead.

    A text longer than the context is truncated, with a notice.
    """
    represent = functional.jit(Encoder.represent, model.learner.network)
    assert model.context is not None  # an encoder has one
    for batch in prediction.batches(model, texts, limit=model.context, batch_size=_BATCH):
        vectors = np.asarray(represent(batch.tokens, batch.lengths))
        for text, problem, vector in zip(batch.texts, batch.problems, vectors, strict=False):
            yield Vector(text, problem=problem) if problem else Vector(text, vector.tolist())


def nearest(model: TrainedTextModel, texts: Sequence[str], file: Path, top: int) -> Iterator[Prediction]:
    """Yield the lines of a file whose vectors have the highest cosine similarity to that of each text.

    Raises:
        DatasetError: the file cannot be read, or has no line with text.
    """
    lines = _lines(file)
    rows = [(each.source, _unit(each.vector)) for each in embed(model, lines) if not each.problem]
    if not rows:
        raise DatasetError(f"--nearest {file} must have a line with known tokens, found none")
    table = np.stack([vector for _, vector in rows])
    for found in embed(model, texts):
        if found.problem:
            yield Prediction(found.source, problem=found.problem)
            continue
        cosines = table @ _unit(found.vector)
        best = np.argsort(-cosines, kind="stable")[:top]
        yield Prediction(found.source, [(rows[row][0], float(cosines[row])) for row in best], measure="cosine")


def _unit(vector: Sequence[float]) -> np.ndarray:
    found = np.asarray(vector, np.float32)
    return found / max(float(np.linalg.norm(found)), 1e-12)


def _lines(file: Path) -> list[str]:
    try:
        text = read_bytes(file, _LARGEST).decode()
    except (OSError, ValueError) as error:
        raise DatasetError(f"--nearest {file} cannot be read: {reason(error)}") from error
    lines = [line for line in dict.fromkeys(split_lines(text)) if line.strip()]
    if not lines:
        raise DatasetError(f"--nearest {file} must have a line with text, found none")
    return lines
