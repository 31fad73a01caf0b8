"""2-D densities with known modes: mixtures of Gaussians, of which a generative model should cover all modes.

Reference: the mixtures of Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761, section 4.1, with the standard
deviations and distances of Lin et al., "PacGAN", 2018, arXiv:1712.04086, section 4.1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from dlcli.data.held_out import Arrays, HeldOut
from dlcli.interface import WHOLE, Batch, Data, Facts, Share
from dlcli.options.common import DataOptions
from dlcli.options.datasets import DensityName

HELD_OUT = 2_500  # points of the validation and of the test split, as in the references
EPOCH = 100_000  # points counted as one epoch, although no point is drawn twice

Coordinate = Annotated[float, Field(ge=-1e3, le=1e3)]


class DensityFacts(Facts):
    """A mixture of isotropic Gaussians with equal weights.

    Attributes:
        modes: centres of the components.
        std: standard deviation of each component along each axis.
    """

    modes: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=1, max_length=1024)]
    std: Annotated[float, Field(gt=0, le=1e3)]


def _ring(count: int) -> tuple[tuple[float, float], ...]:
    """Return points with equal distances on the unit circle."""
    angles = [math.tau * number / count for number in range(count)]
    return tuple((math.cos(angle), math.sin(angle)) for angle in angles)


# Description, modes and standard deviation.
_DENSITIES: dict[DensityName, tuple[str, tuple[tuple[float, float], ...], float]] = {
    "ring": ("8 Gaussians with standard deviation 0.01 on a circle of radius 1", _ring(8), 0.01),
    "grid": (
        "25 Gaussians with standard deviation 0.05 on a 5×5 grid with spacing 2",
        tuple((x, y) for x in (-4.0, -2.0, 0.0, 2.0, 4.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)),
        0.05,
    ),
}
NAMES: dict[str, str] = {name: description for name, (description, _, _) in _DENSITIES.items()}
_SPLITS = ("train", "validation", "test")


def mixture(name: str) -> DensityFacts:
    """Return the mixture of one of `NAMES`."""
    _, modes, std = _DENSITIES[name]  # type: ignore[index]
    return DensityFacts(modes=modes, std=std)


def read(options: DataOptions, seed: int) -> Data:
    """Return batches of points drawn from the mixture `options.dataset`, one of `NAMES`.

    Batches contain `point`, float32 [batch, 2]; held-out batches also `mask`, float32 [batch], 1 for a point and 0 for
    padding. The held-out points do not depend on the seed.
    """
    facts = mixture(options.dataset)

    def train_from(step: int, share: Share = WHOLE, /) -> Iterator[Batch]:
        for number in itertools.count(step):
            yield share.cut({"point": draw(facts, options.batch_size, [_SPLITS.index("train"), seed, number])})

    return Data(
        train_from=train_from,
        validation=_held_out(facts, "validation", options.batch_size),
        test=_held_out(facts, "test", options.batch_size),
        facts=facts,
        sizes={"train": EPOCH, "validation": HELD_OUT, "test": HELD_OUT},
        digest=f"{options.dataset}-{seed}",
    )


def draw(facts: DensityFacts, count: int, seed: list[int]) -> np.ndarray:
    """Draw points from a mixture, float32 [count, 2]."""
    random = np.random.default_rng(seed)
    centres = np.asarray(facts.modes)[random.integers(len(facts.modes), size=count)]
    return (centres + random.normal(0.0, facts.std, [count, 2])).astype(np.float32)


class _Points:
    """Points, float32 [point, 2], as examples."""

    def __init__(self, points: np.ndarray):
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def at(self, indices: np.ndarray) -> Arrays:
        return {"point": self.points[indices]}


def _held_out(facts: DensityFacts, split: str, batch_size: int) -> HeldOut:
    points = draw(facts, HELD_OUT, [_SPLITS.index(split)])
    return HeldOut.of(lambda: _Points(points), batch_size)
