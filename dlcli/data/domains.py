"""The two domains of the generative models: images, and points in the plane."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Images
from dlcli.data import cache, densities, nearest_images
from dlcli.data.densities import DensityFacts
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import RunError, UsageError
from dlcli.interface import Batch, Data, Facts
from dlcli.notices import silenced
from dlcli.options.generative import GenerativeTrainOptions

_BOUND = 5.0  # standard deviations around the modes of a density that contain practically all of its points


class FeatureClassifier(Protocol):
    """A classifier that is trained on images, or loaded from a cache of classifiers."""

    def fit_or_load(self, folder: Path, digest: str, read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """Train on the images and labels that `read` returns, or load what was trained on data with this digest."""


class GenerativeFacts(Facts):
    """What the data set tells a generative model.

    Attributes:
        data: facts of the images or of the density.
    """

    data: ImageFacts | DensityFacts

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a density has none."""
        return self.data.classes if isinstance(self.data, ImageFacts) else ()

    def require_same_domain(self, other: GenerativeFacts, run: str, *, classes: bool) -> None:
        """Require that another data set can be compared with samples of a model of this one.

        Args:
            other: facts of the other data set.
            run: folder of the model's run, for the message.
            classes: whether the classes must be the same too.

        Raises:
            RunError: it cannot.
        """
        theirs, ours = other.data, self.data
        if type(theirs) is not type(ours) or getattr(theirs, "image", None) != getattr(ours, "image", None):
            raise RunError(f"the data must be images or points of the size that {run} was trained on, found others")
        if classes and other.classes != self.classes:
            raise RunError(f"the data must have the classes that {run} was trained on, found others")


@dataclasses.dataclass(frozen=True)
class ImageDomain:
    """Images, which networks process scaled to [-1, 1].

    Attributes:
        facts: facts of the image set.
        bound: largest absolute value of the scaled data.
        dtype: dtype of decoded samples.
    """

    facts: ImageFacts
    bound = 1.0
    dtype = jnp.uint8

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return self.facts.image

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.facts.classes

    def encode(self, batch: Batch) -> jax.Array:
        """Return the images of a batch scaled to [-1, 1], float32 [batch, height, width, channel]."""
        return jnp.asarray(batch["image"]).astype(jnp.float32) / 127.5 - 1

    def decode(self, x: jax.Array) -> jax.Array:
        """Map the output of a network to uint8 [batch, height, width, channel]."""
        return jnp.clip(jnp.round((x + 1) * 127.5), 0, 255).astype(jnp.uint8)


@dataclasses.dataclass(frozen=True)
class PointDomain:
    """Points of a density in the plane, which networks process divided by a scale.

    Attributes:
        facts: facts of the density.
        scale: unit of length of the networks, in the units of the data; above 0.
        dtype: dtype of decoded samples.
    """

    facts: DensityFacts
    scale: float
    shape = (2,)
    classes = ()
    dtype = jnp.float32

    @property
    def modes(self) -> np.ndarray:
        """The centres of the modes, [mode, 2]."""
        return np.asarray(self.facts.modes)

    @property
    def bound(self) -> float:
        """Absolute value of a scaled coordinate that practically no point exceeds."""
        return (float(np.abs(self.facts.modes).max()) + _BOUND * self.facts.std) / self.scale

    def encode(self, batch: Batch) -> jax.Array:
        """Return the scaled points of a batch, float32 [batch, 2]."""
        return jnp.asarray(batch["point"]) / self.scale

    def decode(self, x: jax.Array) -> jax.Array:
        """Map the output of a network to points of the plane, float32 [batch, 2]."""
        return x * self.scale


Domain = ImageDomain | PointDomain


def domain(facts: ImageFacts | DensityFacts, scale: Callable[[DensityFacts], float]) -> Domain:
    """Return the domain of a data set; `scale` gives the unit of length of a density."""
    return ImageDomain(facts) if isinstance(facts, ImageFacts) else PointDomain(facts, scale(facts))


def rms_coordinate(facts: DensityFacts) -> float:
    """Return the root mean square of a coordinate of a density, with which points have about the variance 1."""
    return float(np.sqrt(np.square(facts.modes).mean() + facts.std**2))


def rms_radius(facts: DensityFacts) -> float:
    """Return the root mean square distance of the modes of a density from the origin, or 1 where it is 0."""
    return float(np.sqrt(np.square(facts.modes).sum(axis=1).mean())) or 1.0


def read(options: GenerativeTrainOptions) -> Data:
    """Open an image set or a density.

    Raises:
        UsageError: the data set has no classes and `--conditional` needs them, or its name is unknown.
        DatasetError: the data set is missing or malformed.
    """
    if options.dataset in densities.NAMES:
        if options.conditional:
            raise UsageError(f"--conditional needs a data set with classes, and {options.dataset} has none")
        data = densities.read(options, options.seed)
    else:
        try:
            data = batches.read(options, options.seed, options.image_size, labelled=options.conditional)
        except UsageError as error:
            raise UsageError(str(error), hint=f"{error.hint}; densities: {', '.join(densities.NAMES)}") from error
    assert isinstance(data.facts, ImageFacts | DensityFacts)
    return dataclasses.replace(data, facts=GenerativeFacts(data=data.facts))


def train_feature_classifier(
    classifier: FeatureClassifier, options: GenerativeTrainOptions, limit: Callable[[tuple[int, ...], int], int]
) -> None:
    """Train the feature classifier on the training images, or load it from the cache.

    It is the same for every seed of a run. Images of one class leave it untrained.

    Args:
        classifier: untrained.
        options: training options, which name the data set.
        limit: maps an image shape and the number of training images to the number to train on.
    """
    with silenced():
        data = batches.read(options, 0, options.image_size)
    facts = cast(ImageFacts, data.facts)
    if len(facts.classes) > 1:
        count = limit(facts.image, data.sizes["train"])
        classifier.fit_or_load(cache.folder("feature-classifiers"), data.digest, lambda: batches.training(data, count))


def sample_labels(domain: Domain, name: str, count: int) -> np.ndarray:
    """Return the class of each sample of a class-conditional model, int32 [count].

    Args:
        domain: the model's domain.
        name: the class of all samples; "": each class in turn.
        count: number of samples.

    Raises:
        UsageError: there is no class with this name.
    """
    return batches.requested_labels(domain.classes, name, count)


def generate(
    draw: Callable[..., Any], noise: np.ndarray, labels: np.ndarray | None, batch_size: int = 100
) -> np.ndarray:
    """Generate samples batch by batch.

    All batches have the same shape, so that `draw` is compiled once.

    Args:
        draw: maps noise [batch_size, ...], labels (int [batch_size] or None) and the batch's number to samples.
        noise: one row per sample.
        labels: the class of each sample, int [sample], or None.
        batch_size: samples per batch.
    """
    samples = []
    for number, start in enumerate(range(0, len(noise), batch_size)):
        rows = slice(start, start + batch_size)
        padding = batch_size - len(noise[rows])
        padded = np.pad(noise[rows], [(0, padding)] + [(0, 0)] * (noise.ndim - 1))
        label = None if labels is None else np.pad(labels[rows], (0, padding))
        samples.append(np.asarray(draw(padded, label, number))[: batch_size - padding])
    return np.concatenate(samples)


def with_nearest(images: Images, open_data: Callable[[], Data]) -> Images:
    """Return samples with the nearest training image to each, and the root mean square differences in the numbers.

    Args:
        images: samples of a run.
        open_data: opens the image set of the run.

    Raises:
        DatasetError: the data set is missing or malformed.
    """
    with silenced():
        found, distances = nearest_images.nearest(open_data(), images.pixels)
    numbers = {**images.numbers, "nearest_rms_difference": distances.tolist()}
    return dataclasses.replace(images, nearest=found, numbers=numbers)
