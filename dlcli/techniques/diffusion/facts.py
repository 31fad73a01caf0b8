"""What the data tell the model, and how they are read."""

from __future__ import annotations

import dataclasses

from dlcli.data import densities
from dlcli.data.densities import DensityFacts
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import UsageError
from dlcli.interface import Data, Facts
from dlcli.techniques.diffusion.options import Train


class DiffusionFacts(Facts):
    """What the model must know.

    Attributes:
        data: of the images or of the density.
    """

    data: ImageFacts | DensityFacts


def read(options: Train) -> Data:
    """Open the data.

    Raises:
        UsageError: the data have no classes, and `--conditional` needs some.
        DatasetError: the data are missing or malformed.
    """
    if options.dataset in densities.NAMES:
        if options.conditional:
            raise UsageError(f"--conditional needs data with classes, and {options.dataset} has none; leave it out")
        data = densities.read(options, options.seed)
    else:
        data = batches.read(options, options.seed, options.image_size, labelled=options.conditional)
    return dataclasses.replace(data, facts=DiffusionFacts(data=data.facts))
