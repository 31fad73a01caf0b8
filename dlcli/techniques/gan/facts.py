"""What the data set tells a GAN, and how it is read."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pydantic import Field

from dlcli.data import domains
from dlcli.data.domains import GenerativeFacts
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.interface import Data
from dlcli.techniques.gan.options import Train

_MIN_SAMPLES = 1_000  # for a Fréchet distance: with fewer validation images, several samples are drawn for each


class GanFacts(GenerativeFacts):
    """What the data set tells a GAN.

    Attributes:
        samples_per_example: samples to generate for each held-out example in an evaluation.
    """

    samples_per_example: Annotated[int, Field(ge=1, le=_MIN_SAMPLES)] = 1


def read(options: Train) -> Data:
    """Open the data set; held-out batches of images also contain training images to compare with.

    Raises:
        UsageError: the data set has no classes, and `--conditional` needs them.
        DatasetError: the data set is missing or malformed.
    """
    data = domains.read(options)
    assert isinstance(data.facts, GenerativeFacts)
    if not isinstance(data.facts.data, ImageFacts):
        return dataclasses.replace(data, facts=GanFacts(data=data.facts.data))
    count = max(1, _MIN_SAMPLES // max(1, data.sizes["validation"]))
    return dataclasses.replace(
        data,
        facts=GanFacts(data=data.facts.data, samples_per_example=count),
        validation=batches.WithTrainingImages(data.validation, data.train_from, count),
        test=batches.WithTrainingImages(data.test, data.train_from, count),
    )
