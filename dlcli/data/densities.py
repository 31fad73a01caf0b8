"""Densities in the plane whose modes are known: mixtures of Gaussians that a generator should find all of.

Reference: Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761, section 4.1, whose mixtures these are, with the
sizes that Lin et al., "PacGAN", 2018, arXiv:1712.04086, section 4.1, states for them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from dlcli.data.held_out import HeldOut, in_order
from dlcli.interface import Batch, Data, Facts
from dlcli.options.common import DataOptions

HELD_OUT = 2_500  # points of the validation and of the test split, the number of the references' protocol
EPOCH = 100_000  # points counted as one pass; in truth no point comes twice

Coordinate = Annotated[float, Field(ge=-1e3, le=1e3)]


class DensityFacts(Facts):
    """A mixture of equal round Gaussians.

    Attributes:
        modes: their centres.
        std: standard deviation of each component along each axis.
    """

    modes: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=1, max_length=1024)]
    std: Annotated[float, Field(gt=0, le=1e3)]


NAMES = {
    "ring": "8 Gaussians with standard deviation 0.01 on a circle of radius 1",
    "grid": "25 Gaussians with standard deviation 0.05, five by five, 2 apart",
}
_SPLITS = ("train", "validation", "test")


def mixture(name: str) -> DensityFacts:
    """Return the mixture of one of `NAMES`."""
    angles, places = [math.tau * number / 8 for number in range(8)], (-4.0, -2.0, 0.0, 2.0, 4.0)
    mixtures = {
        "ring": (tuple((math.cos(angle), math.sin(angle)) for angle in angles), 0.01),
        "grid": (tuple(itertools.product(places, places)), 0.05),
    }
    modes, std = mixtures[name]
    return DensityFacts(modes=modes, std=std)


def read(options: DataOptions, seed: int) -> Data:
    """Return batches of points drawn from the mixture `options.dataset`, one of `NAMES`.

    Batches hold `point`, float32 [batch, 2]; held-out ones also `mask`, float32 [batch]: 1 for a point, 0 for
    padding. What is held out does not depend on the seed.
    """
    facts = mixture(options.dataset)

    def train_from(step: int) -> Iterator[Batch]:
        for number in itertools.count(step):
            yield {"point": draw(facts, options.batch_size, [_SPLITS.index("train"), seed, number])}

    return Data(
        train_from=train_from,
        validation=_held_out(facts, "validation", options.batch_size),
        test=_held_out(facts, "test", options.batch_size),
        facts=facts,
        sizes={"train": EPOCH, "validation": HELD_OUT, "test": HELD_OUT},
        digest=f"{options.dataset}-{seed}",
    )


def draw(facts: DensityFacts, count: int, seed: list[int]) -> np.ndarray:
    """Draw float32 [count, 2]; all modes are equally likely."""
    random = np.random.default_rng(seed)
    centres = np.asarray(facts.modes)[random.integers(len(facts.modes), size=count)]
    return (centres + random.normal(0.0, facts.std, [count, 2])).astype(np.float32)


def _held_out(facts: DensityFacts, split: str, batch_size: int) -> HeldOut:
    points = draw(facts, HELD_OUT, [_SPLITS.index(split)])
    return HeldOut(lambda: ({"point": points[indices]} for indices in in_order(HELD_OUT, batch_size)), batch_size)
