"""A model as a format reads it: what a run needs of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Imported:
    """A model of another tool, in the terms of a technique.

    Attributes:
        technique: its name.
        options: training options that shape the network, by name.
        facts: data facts, by name.
        weights: parameters and batch statistics by path within the learner, such as "network/head/kernel"; or, where
            `relative`, within its network, with dots.
        unused: what of the file was not used, in words.
        relative: whether the names of `weights` are relative to the network.
        files: contents of text files to keep in the run folder, by name.
        incomplete: whether parameters that are not in `weights` may keep their initial values.
        example: an input of the model, as `predict` takes it.
        commands: words of the commands that read the run, without the run; (): those of its technique.
    """

    technique: str
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    unused: Sequence[str] = ()
    relative: bool = False
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    incomplete: bool = False
    example: str = ""
    commands: Sequence[Sequence[str]] = ()
