"""What figures are drawn of: the options, the network, the layer and the images that a command names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlcli.data.images import batches, catalogue, decoding
from dlcli.data.images.batches import ImageFacts
from dlcli.data.images.sets import ImageSet, Unreadable
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

_LARGEST = 256  # pixels a side of an image that goes into no network; a figure shows no more of them


@dataclasses.dataclass(frozen=True, eq=False)
class Example:
    """An image.

    Attributes:
        pixels: uint8 [height, width, channel].
        source: what it is called.
        label: the number of its class, where that is known.
    """

    pixels: np.ndarray
    source: str
    label: int | None = None


def settings(options: Any, run: TrainedRun | None = None) -> Train:
    """Return the training options of a run; without one, those of an untrained network on the named data set."""
    if run is None:
        named = {name: getattr(options, name) for name in type(options).model_fields if name in Train.model_fields}
        return Train(**{**named, "out": None})
    moved = {"data_dir": options.data_dir} if options.data_dir else {}
    return run.options.model_copy(update=moved)


def image_set(train: Train) -> ImageSet:
    """Open the data set of a run's options."""
    return catalogue.open(train.dataset, train.data_dir, train.image_size, train.memory_limit)


def example(options: Any, run: TrainedRun | None, facts: ImageFacts | None = None) -> Example:
    """Return the image that `--image` or `--index` names.

    Args:
        options: of a figure with an image.
        run: whose data the image is taken from; None for the data that the options name.
        facts: of the trained network, which determine the size and channels of images; None without a run.

    Raises:
        UsageError: the index is too large.
        DatasetError: the file is not an image, or the data set is missing.
        RunError: the data set is no longer the one that the network was trained on.
    """
    if options.image:
        found = batches.decode(options.image, facts) if facts else _free(options.image)
        return Example(found, options.image.name)
    return examples(options, 1, run, facts)[0]


def examples(options: Any, count: int, run: TrainedRun | None = None, facts: ImageFacts | None = None) -> list[Example]:
    """Return up to `count` images of the validation split, from `--index` on; raises as `example` does."""
    data = image_set(settings(options, run))
    split = data.splits["validation"]
    if facts and (split.image != facts.image or data.classes != facts.classes):
        raise RunError(f"{data.name} must have the images and classes of {options.run}, found others")
    if options.index >= len(split):
        raise UsageError(
            f"--index must be less than {len(split)}, the images of the validation split, got {options.index}"
        )
    places = np.arange(options.index, min(options.index + count, len(split)))
    names = [f"image {place} of the validation split" for place in places]
    labels = [int(label) for label in split.labels[places]]
    return [Example(*each) for each in zip(split.images(places), names, labels, strict=True)]


def activation_maps(of: Learner, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the maps of each layer for uint8 [height, width, channel], float32 [height, width, channel] by name."""
    return activations(of)(image)


def activations(of: Learner) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Return a compiled function from an image to the result of `activation_maps`."""

    def maps(learner: Learner, batch: jax.Array) -> dict[str, jax.Array]:
        return dict(learner.network.backbone.feature_maps(learner.normalize(batch / 255)))

    compiled = functional.jit(maps, of)

    def computed(image: np.ndarray) -> dict[str, np.ndarray]:
        found = compiled(image[None].astype(np.float32))
        return {name: np.asarray(found[name][0], np.float32) for name in of.network.backbone.names}

    return computed


def drawable(image: np.ndarray) -> np.ndarray:
    """Return an image as it can be shown: what has two or four channels, as arrays may, has no colours."""
    return image if image.shape[-1] in (1, 3) else image.mean(axis=-1).astype(image.dtype)


def _free(path: Path) -> np.ndarray:
    """Decode an image as it is, but for its size where that is more than a figure shows."""
    try:
        image = decoding.load(path)
    except Unreadable as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    height, width = (max(1, round(side * min(1, _LARGEST / max(image.shape[:2])))) for side in image.shape[:2])
    return decoding.resize(image, (height, width))
