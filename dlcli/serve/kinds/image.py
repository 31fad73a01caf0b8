"""Classify an image, and explain the class: probabilities, activation maps, Grad-CAM."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from dlcli.data.images import decoding
from dlcli.data.images.source import Unreadable
from dlcli.errors import DatasetError, UsageError
from dlcli.figures import saliency, subject
from dlcli.figures.json_values import to_json
from dlcli.nn import functional
from dlcli.options.common import Options
from dlcli.plot import palette
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, ClassName, Kind, Values, heat, png, single

_MAPS = 8  # activation maps per layer
_BATCH = 16  # images

ImageFile = Annotated[str, Field(description="Image file (PNG, JPEG, …), base64; also as a data URI.")]


class ImageBody(Options):
    """An image to classify."""

    image: ImageFile


class ExplainBody(ImageBody):
    """An image to classify and to explain."""

    class_: Annotated[ClassName, Field(description="Class to explain; default: the predicted one.")] = ""


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a classifier of images."""
    images = _Images(run)
    explain = "Classify an image, with activation maps and Grad-CAM."
    actions = {
        "explain": Action(explain, ExplainBody, single(images.explain)),
        "predict": Action("Classify an image.", ImageBody, images.predict, _BATCH),
    }
    return Kind("image", actions, {"image": list(run.facts.image)})


class _Images:
    """A classifier whose functions are compiled once."""

    def __init__(self, run: TrainedRun):
        self._run = run

    @functools.cached_property
    def _probabilities(self) -> Any:
        """A function from uint8 [batch, height, width, channel] to the probabilities of batches of one shape."""
        learner = self._run.learner
        predict = functional.jit(type(learner).log_probabilities, learner)

        def computed(images: np.ndarray) -> np.ndarray:
            padded = np.zeros([1 if len(images) == 1 else _BATCH, *images.shape[1:]], np.uint8)
            padded[: len(images)] = images
            return np.exp(np.asarray(predict(padded)))[: len(images)]

        return computed

    @functools.cached_property
    def _explanations(self) -> tuple[Any, Any]:
        learner = self._run.learner
        return saliency.explainer(learner, saliency.last_convolution(learner)), subject.activations(learner)

    def predict(self, bodies: Sequence[ImageBody]) -> list[Values]:
        """Return the probabilities of images."""
        facts = self._run.facts
        found = self._probabilities(np.stack([pixels(each.image, facts) for each in bodies]))
        return [{"classes": list(facts.classes), "probabilities": to_json(row)} for row in found]

    def explain(self, body: ExplainBody) -> Values:
        """Return the probabilities, Grad-CAM and the activation maps of an image."""
        explain, activations = self._explanations
        learner = self._run.learner
        image = pixels(body.image, learner.facts)
        probabilities = self._probabilities(image[None])[0]
        classes = list(learner.facts.classes)
        if body.class_ and body.class_ not in classes:
            raise UsageError(f"there is no class {body.class_!r}")
        label = classes.index(body.class_) if body.class_ else int(probabilities.argmax())
        importance, _ = explain(label, image)
        shown = subject.drawable(image)
        overlay = palette.overlay(shown, importance, (0.0, max(float(importance.max()), 1e-12)))
        return {
            "classes": classes,
            "probabilities": to_json(probabilities),
            "explained": classes[label],
            "layer": saliency.last_convolution(learner),
            "input": png(shown),
            "grad_cam": png((255 * overlay).astype(np.uint8)),
            "activations": {
                name: [heat(maps[..., each]) for each in range(min(_MAPS, maps.shape[-1]))]
                for name, maps in activations(image).items()
            },
        }


def pixels(text: str, facts: Any) -> np.ndarray:
    """Decode an image to the size and channels of the training images, uint8 [height, width, channel].

    Raises:
        DatasetError: it is not base64, or not an image.
    """
    try:
        content = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
        image = decoding.decode(content, facts.image[:2], facts.white)
    except (binascii.Error, ValueError, Unreadable) as error:
        raise DatasetError(f"the image cannot be read: {error}") from error
    return decoding.convert_channels(image, facts.image[-1])
