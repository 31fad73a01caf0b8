"""Image sets for learners: facts about the images, and batches of them."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError, model_validator

from dlcli.data import labels
from dlcli.data.images import catalogue, decoding, loader
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import few_examples, refuse
from dlcli.errors import DatasetError, UsageError
from dlcli.interface import WHOLE, Batch, Data, Facts, HeldOutBatches, Share, TrainFrom
from dlcli.options.common import TrainOptions

Side = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[int, Field(ge=1, le=4)]
Class = Annotated[str, Field(max_length=255)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ImageFacts(Facts):
    """What the data set tells the model.

    Attributes:
        image: height, width and channels.
        classes: names of the classes, in the order of the labels.
        mean, std: mean and standard deviation of each channel of the training pixels in [0, 1]; the standard
            deviation of a constant channel is 1.
        white: pixel value of white in images with more than 8 bits per channel, if training images have as many.
    """

    image: tuple[Side, Side, Channels]
    classes: Annotated[tuple[Class, ...], Field(min_length=1, max_length=2**16)]
    mean: tuple[Fraction, ...]
    std: tuple[Annotated[float, Field(gt=0, le=1)], ...]
    white: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> ImageFacts:
        if not len(self.mean) == len(self.std) == self.image[-1]:
            raise ValueError(f"mean and std must have {self.image[-1]} values, one per channel")
        return self


def read(
    options: TrainOptions,
    seed: int,
    image_size: int | None = None,
    train_examples: int | None = None,
    *,
    labelled: bool = False,
    label_noise: float = 0.0,
) -> Data:
    """Open an image set, check its training and validation splits, and divide it into batches.

    Batches contain `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch]; held-out batches also
    `mask`, float32 [batch], 1 for an example and 0 for padding.

    Args:
        options: of the training.
        seed: of the order of the training examples.
        image_size: height and width in pixels to which images are scaled; None keeps their size, or chooses one if
            sizes differ, which `Data.chosen` reports.
        train_examples: number of training examples to use, the same for every seed; None uses all. The statistics are
            those of the used examples.
        labelled: refuse a set without at least two classes.
        label_noise: fraction of the training labels that are replaced by a random other class, by `seed`.

    Raises:
        UsageError: there are fewer than `train_examples` training examples.
        DatasetError: the set is missing, or its training or validation split is invalid.
    """
    images = catalogue.open(
        options.dataset,
        options.data_dir,
        image_size,
        options.memory_limit,
        labelled=labelled,
        skip_bad=options.skip_bad,
    )
    if train_examples is not None:
        images = images.limited(train_examples)
    train, validation, test = (images.splits[name] for name in ("train", "validation", "test"))
    refuse(options.dataset, few_examples(images.classes, train.counts()))
    if label_noise:
        train = train.relabelled(labels.noisy(train.labels, len(images.classes), label_noise, seed))
    validation.counts()  # decodes the split, so that its problems show now and not after the first training steps
    return Data(
        train_from=functools.partial(loader.train_from, train, options.batch_size, seed),
        validation=loader.held_out(validation, options.batch_size),
        test=loader.held_out(test, options.batch_size),
        facts=_facts(images),
        sizes={"train": len(train), "validation": len(validation), "test": len(test.listed)},  # test is not decoded
        digest=train.digest,
        chosen={"image_size": images.survey.side} if images.survey and images.survey.side and not image_size else {},
        example=first if Path(first := validation.source.where(0)).is_file() else "",
    )


def _facts(images: ImageSet) -> ImageFacts:
    train, white = images.splits["train"], images.survey.white if images.survey else None
    try:
        return ImageFacts(image=train.image, classes=images.classes, mean=train.mean, std=train.std, white=white)
    except ValidationError as error:
        problem = error.errors()[0]
        raise DatasetError(
            f"{images.name} is not supported: {problem['loc'][0]}: {problem['msg']}, got {problem['input']}",
            hint="--image-size makes large images smaller",
        ) from error


@dataclasses.dataclass(frozen=True)
class WithTrainingImages:
    """Held-out batches, each with `times` as many training images, as `train`, in a fixed random order.

    The distance between these training images and the held-out images is the one that a perfect generative model
    would reach: the floor of the distance between samples and held-out images.
    """

    held_out: HeldOutBatches
    train_from: TrainFrom
    times: int
    share: Share = WHOLE

    def shared(self, share: Share) -> WithTrainingImages:
        """Return a share of each batch."""
        return dataclasses.replace(self, held_out=self.held_out.shared(share), share=share)

    def part(self, examples: int) -> WithTrainingImages:
        """Return the batches of a part of the split, as `HeldOut.part` does."""
        return dataclasses.replace(self, held_out=self.held_out.part(examples))

    def __iter__(self) -> Iterator[Batch]:
        batches = self.train_from(0, self.share)
        for batch in self.held_out:
            images = [next(batches)["image"] for _ in range(self.times)]
            yield {**batch, "train": np.concatenate(images)}


def training(data: Data, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `count` training images and labels in the order of training, epoch after epoch."""
    batches = data.train_from(0)
    first = next(batches)
    read = [first, *itertools.islice(batches, -(-count // len(first["label"])) - 1)]
    pixels, classes = (np.concatenate([batch[name] for batch in read])[:count] for name in ("image", "label"))
    return pixels, classes


def whole(held_out: Iterable[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels of a held-out split, without padding."""
    kept = [(batch["image"][mask], batch["label"][mask]) for batch in held_out for mask in [batch["mask"] > 0]]
    return np.concatenate([image for image, _ in kept]), np.concatenate([label for _, label in kept])


def requested_labels(classes: Sequence[str], name: str, count: int) -> np.ndarray:
    """Return the class index of each sample to generate, int32 [count].

    Args:
        classes: names of the classes.
        name: class of all samples; empty cycles through all classes.
        count: number of samples.

    Raises:
        UsageError: there is no class with this name.
    """
    if not name:
        return np.arange(count, dtype=np.int32) % len(classes)
    if name not in classes:
        raise UsageError(f"--class must be one of {', '.join(classes)}, got {name!r}")
    return np.full(count, list(classes).index(name), np.int32)


def decode(path: Path, facts: ImageFacts) -> np.ndarray:
    """Decode an image file to the size and channels of the training images, uint8 [height, width, channel].

    Raises:
        DatasetError: the file is missing or not an image, or the training images are neither grayscale nor colour.
    """
    if facts.image[-1] not in (1, 3):
        raise DatasetError(f"{path} is an image with 1 or 3 channels, and the model needs {facts.image[-1]}")
    try:
        image = decoding.load(path, facts.image[:2], facts.white)
    except Unreadable as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return decoding.convert_channels(image, facts.image[-1])


def fit(image: np.ndarray, facts: ImageFacts) -> np.ndarray:
    """Resize an image to the size and channels of the training images, uint8 [height, width, channel].

    Args:
        image: uint8 [height, width] or [height, width, channel].
        facts: of the training images.

    Raises:
        DatasetError: it is no such array.
    """
    image = image[..., None] if image.ndim == 2 else image
    if image.dtype != np.uint8 or image.ndim != 3 or not image.size:
        raise DatasetError(
            f"an image must be uint8 [height, width] or [height, width, channel], got {image.dtype} {image.shape}"
        )
    resized = decoding.resize(image, facts.image[:2])
    if resized.shape[-1] == facts.image[-1]:
        return resized
    if resized.shape[-1] not in (1, 3) or facts.image[-1] not in (1, 3):
        raise DatasetError(f"an image must have {facts.image[-1]} channels, got {image.shape[-1]}")
    return decoding.convert_channels(resized, facts.image[-1])
