"""The function of a trained model that other programs call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import jax
import numpy as np


@dataclasses.dataclass(frozen=True)
class Input:
    """An argument of the function.

    Attributes:
        axes: sizes of its axes, separated by commas; a name stands for any size, as in "batch, 8, 8, 1".
        example: a value with a batch of any size, to check an exported function with.
    """

    axes: str
    example: np.ndarray


@dataclasses.dataclass(frozen=True)
class Inference:
    """A pure function of a trained model, and how it is called.

    Attributes:
        function: maps arrays to an array.
        inputs: its arguments by name, in order.
        output: what it returns, in words.
        constraints: on the names in `axes`, such as "time <= 64".
    """

    function: Callable[..., jax.Array]
    inputs: Mapping[str, Input]
    output: str
    constraints: tuple[str, ...] = ()


def random_tokens(vocabulary: int, *shape: int) -> np.ndarray:
    """Return token ids for an example, int32 of this shape."""
    return np.random.default_rng(0).integers(vocabulary, size=shape, dtype=np.int32)


def random_normal(*shape: int) -> np.ndarray:
    """Return standard normal noise for an example, float32 of this shape."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
