"""Classifies image files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dlcli.artifacts import Prediction
from dlcli.data.images import batches
from dlcli.errors import DatasetError
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Predict

_BATCH = 64  # images decoded and classified at once


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield a prediction per image file, in order; for a file that cannot be read, the prediction has a problem."""
    learner: Learner = run.learner
    classify = functional.jit(Learner.log_probabilities, learner)
    for paths in _batched(options.images):
        images = [_read(path, learner) for path in paths]
        # All batches have the same shape, so that the function is compiled once.
        pixels = np.zeros([_BATCH, *learner.facts.image], np.uint8)
        for row, image in enumerate(images):
            if isinstance(image, np.ndarray):
                pixels[row] = image
        probabilities = np.exp(np.asarray(classify(pixels), np.float64))
        for path, image, row in zip(paths, images, probabilities, strict=False):
            yield _prediction(str(path), image, row, learner.facts.classes, options.top)


def _batched(paths: list[Path]) -> Iterator[list[Path]]:
    for start in range(0, len(paths), _BATCH):
        yield paths[start : start + _BATCH]


def _read(path: Path, learner: Learner) -> np.ndarray | str:
    """Return the decoded image, or why the file cannot be read."""
    try:
        return batches.decode(path, learner.facts)
    except DatasetError as error:
        return str(error)


def _prediction(
    source: str, image: np.ndarray | str, probabilities: np.ndarray, classes: tuple[str, ...], top: int
) -> Prediction:
    if isinstance(image, str):
        return Prediction(source, problem=image)
    ranked = np.argsort(-probabilities, kind="stable")[:top]
    return Prediction(source, [(classes[index], float(probabilities[index])) for index in ranked])
