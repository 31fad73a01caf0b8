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
    """Yield a prediction per image, in order; for an image that cannot be read, the prediction has a problem.

    From Python, `options.images` may contain arrays: uint8 [height, width] or [height, width, channel].
    """
    learner: Learner = run.learner
    classify = functional.jit(Learner.log_probabilities, learner)
    for start in range(0, len(options.images), _BATCH):
        given = options.images[start : start + _BATCH]
        images = [_read(each, learner) for each in given]
        # All batches have the same shape, so that the function is compiled once.
        pixels = np.zeros([_BATCH, *learner.facts.image], np.uint8)
        for row, image in enumerate(images):
            if isinstance(image, np.ndarray):
                pixels[row] = image
        probabilities = np.exp(np.asarray(classify(pixels), np.float64))
        for index, (each, image, row) in enumerate(zip(given, images, probabilities, strict=False), start):
            source = f"image {index}" if isinstance(each, np.ndarray) else str(each)
            yield _prediction(source, image, row, learner.facts.classes, options.top)


def _read(image: Path | np.ndarray, learner: Learner) -> np.ndarray | str:
    """Return the image as the network needs it, or why it cannot be read."""
    try:
        if isinstance(image, np.ndarray):
            return batches.fit(image, learner.facts)
        return batches.decode(image, learner.facts)
    except DatasetError as error:
        return str(error)


def _prediction(
    source: str, image: np.ndarray | str, probabilities: np.ndarray, classes: tuple[str, ...], top: int
) -> Prediction:
    if isinstance(image, str):
        return Prediction(source, problem=image)
    ranked = np.argsort(-probabilities, kind="stable")[:top]
    return Prediction(source, [(classes[index], float(probabilities[index])) for index in ranked])
