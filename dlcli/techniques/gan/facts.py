"""What the data tell both players, and how they are read."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pydantic import Field

from dlcli.data import densities
from dlcli.data.densities import DensityFacts
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import UsageError
from dlcli.interface import Data, Facts
from dlcli.techniques.gan.options import Train

_ENOUGH = 1_000  # samples by which a validation judges; with fewer held-out images, each counts several of them


class GanFacts(Facts):
    """What the players must know.

    Attributes:
        data: of the images or of the density.
        draws: samples to draw for each held-out example when the generator is scored.
    """

    data: ImageFacts | DensityFacts
    draws: Annotated[int, Field(ge=1, le=_ENOUGH)] = 1


def read(options: Train) -> Data:
    """Open the data; held-out batches of images have training images beside them.

    Raises:
        UsageError: the data have no classes, and `--conditional` needs some.
        DatasetError: the data are missing or malformed.
    """
    if options.dataset in densities.NAMES:
        if options.conditional:
            raise UsageError(f"--conditional needs data with classes, and {options.dataset} has none; leave it out")
        data = densities.read(options, options.seed)
        return dataclasses.replace(data, facts=GanFacts(data=data.facts))
    try:
        data = batches.read(options, options.seed, options.image_size, labelled=options.conditional)
    except UsageError as error:
        raise UsageError(str(error), hint=f"{error.hint}; densities: {', '.join(densities.NAMES)}") from error
    draws = max(1, _ENOUGH // max(1, data.sizes["validation"]))
    return dataclasses.replace(
        data,
        facts=GanFacts(data=data.facts, draws=draws),
        validation=batches.WithTrainingImages(data.validation, data.train_from, draws),
        test=batches.WithTrainingImages(data.test, data.train_from, draws),
    )
