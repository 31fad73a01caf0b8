"""Hyperparameters of the networks of `train cnn`."""

from __future__ import annotations

import dataclasses
from typing import Any

from dlcli.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Hyperparameters of a network, apart from image size and classes; None is the default of the family.

    Attributes:
        arch: the family: "small", "resnet", "plain" (a resnet without shortcuts), "convnext" or "airbench".
        depth: layers of a resnet or plain network as counted in its paper.
        channels: channels of the first stage; each further stage has twice as many, or in airbench all have four times
            as many.
        stages: stages of all but resnet and plain, each at half the height and width of the one before.
        pool: downsampling: "max", "average", or "stride" for a strided convolution.
        norm: "batch", "group", "layer" or "none".
        activation: a name in `dlcli.nn.activation`.
        hidden: units of the head's hidden layer; 0: none.
        dropout: dropout probability before the last layer.
        dtype: dtype of the activations; parameters, statistics and logits are always float32.
        remat: whether the backward pass computes the activations of each residual block again.
    """

    arch: str = "small"
    depth: int | None = None
    channels: int | None = None
    stages: int | None = None
    pool: str | None = None
    norm: str | None = None
    activation: str | None = None
    hidden: int | None = None
    dropout: float = 0.0
    dtype: str = "float32"
    remat: bool = False

    def resolved(self) -> Architecture:
        """Return a copy with the defaults of the family filled in.

        Raises:
            UsageError: the family is unknown, or does not have the given depth or option.
        """
        if self.arch not in _DEFAULTS:
            raise UsageError(f"--arch must be one of {', '.join(_DEFAULTS)}, got {self.arch!r}")
        defaults = {"depth": None, "stages": None, **_DEFAULTS[self.arch]}
        for name in ("depth", "stages"):
            given = getattr(self, name)
            if defaults[name] is None and given is not None:
                raise UsageError(f"--arch {self.arch} has no --{name}, got --{name} {given}; leave it out")
        missing = {name: default for name, default in defaults.items() if getattr(self, name) is None}
        resolved = dataclasses.replace(self, **missing)
        if resolved.depth is not None and resolved.depth not in RESNETS:
            raise UsageError(f"--depth must be one of {', '.join(map(str, sorted(RESNETS)))}, got {resolved.depth}")
        if resolved.channels is None and resolved.depth is not None:
            return dataclasses.replace(resolved, channels=RESNETS[resolved.depth].channels)
        return resolved


@dataclasses.dataclass(frozen=True)
class ResNetStages:
    """The stages of a resnet.

    Attributes:
        blocks: residual blocks of each stage.
        channels: default channels of the first stage.
        bottleneck: whether blocks are bottlenecks of 1×1, 3×3 and 1×1 convolutions.
        projection: whether shortcuts between stages are 1×1 convolutions; else inputs padded with zero channels.
    """

    blocks: tuple[int, ...]
    channels: int
    bottleneck: bool
    projection: bool


# He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385: section 4.2
# (6n + 2 layers, shortcuts of option A) for the first five, table 1 for the others.
RESNETS = {
    depth: ResNetStages((depth // 6,) * 3, 16, bottleneck=False, projection=False) for depth in (8, 20, 32, 44, 56)
} | {
    18: ResNetStages((2, 2, 2, 2), 64, bottleneck=False, projection=True),
    34: ResNetStages((3, 4, 6, 3), 64, bottleneck=False, projection=True),
    50: ResNetStages((3, 4, 6, 3), 64, bottleneck=True, projection=True),
}

_RESNET = {"depth": 20, "pool": "stride", "norm": "batch", "activation": "relu", "hidden": 0}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "small": {"channels": 32, "stages": 2, "pool": "max", "norm": "none", "activation": "relu", "hidden": 128},
    "resnet": _RESNET,
    "plain": _RESNET,
    "convnext": {"channels": 64, "stages": 3, "pool": "stride", "norm": "layer", "activation": "gelu", "hidden": 0},
    "airbench": {"channels": 64, "stages": 3, "pool": "max", "norm": "batch", "activation": "gelu", "hidden": 0},
}
