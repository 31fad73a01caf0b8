"""Names what is on images."""

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
    """Yield a prediction for each image in order; an image that cannot be read has a problem instead.

    From Python, `options.images` may hold arrays beside paths: uint8 [height, width] or [height, width, channel].
    """
    learner: Learner = run.learner
    classify = functional.jit(Learner.log_probabilities, learner)
    for start in range(0, len(options.images), _BATCH):
        images = options.images[start : start + _BATCH]
        read = [_read(image, learner) for image in images]
        pixels = np.zeros([_BATCH, *learner.facts.image], np.uint8)  # of one shape, so compiled once
        for row, image in enumerate(read):
            if isinstance(image, np.ndarray):
                pixels[row] = image
        shares = np.exp(np.asarray(classify(pixels), np.float64))
        for number, (given, image, share) in enumerate(zip(images, read, shares, strict=False), start):
            source = f"image {number}" if isinstance(given, np.ndarray) else str(given)
            yield _answer(source, image, share, learner.facts.classes, options.top)


def _read(image: Path | np.ndarray, learner: Learner) -> np.ndarray | str:
    try:
        if isinstance(image, np.ndarray):
            return batches.fit(image, learner.facts)
        return batches.decode(image, learner.facts)
    except DatasetError as error:
        return str(error)


def _answer(source: str, image: np.ndarray | str, share: np.ndarray, classes: tuple[str, ...], top: int) -> Prediction:
    if isinstance(image, str):
        return Prediction(source, problem=image)
    ranked = np.argsort(-share, kind="stable")[:top]
    return Prediction(source, [(classes[index], float(share[index])) for index in ranked])
