"""Images for a learner: what it must know of them, and batches of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError, model_validator

from dlcli.data.images import catalogue, loader, pixels
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import few_examples, refuse
from dlcli.errors import DatasetError, UsageError
from dlcli.interface import Batch, Data, Facts
from dlcli.options.common import TrainOptions

Side = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[int, Field(ge=1, le=4)]
Class = Annotated[str, Field(max_length=255)]
Share = Annotated[float, Field(ge=0, le=1)]


class ImageFacts(Facts):
    """What a model must know of its images.

    Attributes:
        image: height, width and channels.
        classes: their names, in the order of the labels.
        mean, deviation: of each channel of the training pixels in [0, 1]; a constant channel's deviation is 1.
        white: value taken as white in images of more than 8 bits a channel, where the training images have such.
    """

    image: tuple[Side, Side, Channels]
    classes: Annotated[tuple[Class, ...], Field(min_length=1, max_length=2**16)]
    mean: tuple[Share, ...]
    deviation: tuple[Annotated[float, Field(gt=0, le=1)], ...]
    white: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_value_a_channel(self) -> ImageFacts:
        if not len(self.mean) == len(self.deviation) == self.image[-1]:
            raise ValueError(f"mean and deviation must hold {self.image[-1]} values, one for each channel")
        return self


def read(
    options: TrainOptions,
    seed: int,
    image_size: int | None = None,
    train_examples: int | None = None,
    *,
    labelled: bool = False,
) -> Data:
    """Open an image set, check all that training will read of it, and divide it into batches.

    Batches hold `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch]; held-out ones also
    `mask`, float32 [batch]: 1 for an example, 0 for padding. Images are scaled to `image_size` in height and width;
    without it those of several sizes are scaled to one that is chosen, and the options of the run say which. Of the
    training part `train_examples` are used, the same ones for every seed; what is known of the pixels is then known of
    those alone. `labelled` says that there must be classes to tell apart.

    Raises:
        UsageError: there are fewer training examples than are asked for.
        DatasetError: the set is missing, or something in its training or validation part is wrong.
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
    validation.counts()  # reads it, so that what is wrong with it shows now and not after the first training steps
    return Data(
        train_from=functools.partial(loader.train_from, train, options.batch_size, seed),
        validation=loader.held_out(validation, options.batch_size),
        test=loader.held_out(test, options.batch_size),
        facts=_facts(images),
        sizes={"train": len(train), "validation": len(validation), "test": len(test.listed)},  # the last is not read
        digest=train.digest,
        chosen={"image_size": images.survey.side} if images.survey and images.survey.side and not image_size else {},
        example=first if Path(first := validation.source.where(0)).is_file() else "",
    )


def _facts(images: ImageSet) -> ImageFacts:
    train, white = images.splits["train"], images.survey.white if images.survey else None
    try:
        return ImageFacts(
            image=train.image, classes=images.classes, mean=train.mean, deviation=train.deviation, white=white
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise DatasetError(
            f"{images.name} is beyond what is supported: {problem['loc'][0]}: {problem['msg']}, got {problem['input']}",
            hint="--image-size makes large images smaller",
        ) from error


@dataclasses.dataclass(frozen=True)
class BesideTraining:
    """Held-out batches, each with `times` as many training images beside it, as `train`, in a fixed random order.

    What is drawn from a model is compared with images that it never saw, and so are these: their distance is the
    one that a perfect model would have, and that a model must not be expected to go below.
    """

    held_out: Iterable[Batch]
    train_from: Callable[[int], Iterator[Batch]]
    times: int

    def __iter__(self) -> Iterator[Batch]:
        training = self.train_from(0)
        for batch in self.held_out:
            beside = [next(training)["image"] for _ in range(self.times)]
            yield {**batch, "train": np.concatenate(beside)}


def training(data: Data, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return so many training images and their labels in the order of training, epoch after epoch."""
    batches, read = data.train_from(0), []
    while sum(len(batch["label"]) for batch in read) < count:
        read.append(next(batches))
    pixels, labels = (np.concatenate([batch[name] for batch in read])[:count] for name in ("image", "label"))
    return pixels, labels


def asked(classes: Sequence[str], name: str, count: int) -> np.ndarray:
    """Return the number of the class that each sample is to be of, int32 [count]: the one named, or all in turn.

    Raises:
        UsageError: there is no class of this name.
    """
    if not name:
        return np.arange(count, dtype=np.int32) % len(classes)
    if name not in classes:
        raise UsageError(f"--class must be one of {', '.join(classes)}, got {name!r}")
    return np.full(count, list(classes).index(name), np.int32)


def decode(path: Path, facts: ImageFacts) -> np.ndarray:
    """Decode an image file as the model of `facts` wants it: uint8 [height, width, channel].

    Raises:
        DatasetError: the file is missing or not an image, or the model wants neither gray nor colour.
    """
    if facts.image[-1] not in (1, 3):
        raise DatasetError(f"{path} is a picture of 1 or 3 channels, and the model wants {facts.image[-1]}")
    try:
        image = pixels.load(path, facts.image[:2], facts.white)
    except Unreadable as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return pixels.conform(image, facts.image[-1])
