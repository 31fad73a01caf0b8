"""What shapes the networks of `train cnn`."""

from __future__ import annotations

import dataclasses
from typing import Any

from dlcli.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What shapes a network, apart from its images and classes; None stands for the family's own choice.

    Attributes:
        arch: the family, "small", "resnet" or "convnext".
        depth: layers of a resnet as its paper counts them.
        channels: of the first stage; each further stage has twice as many.
        stages: of small and convnext; each works at half the height and width of the one before.
        pool: how height and width are halved: "max", "average", or "stride" for a convolution's stride.
        norm: "batch", "group", "layer" or "none".
        activation: by its name in `dlcli.nn.activation`.
        hidden: units of the head's hidden layer; 0: none.
        dropout: share of the head's last inputs that are set to zero in training.
        dtype: of the activations; parameters, statistics and logits are float32 in any case.
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

    def resolved(self) -> Architecture:
        """Return the same with each None that means something replaced by the family's choice.

        Raises:
            UsageError: the family is unknown, or has no such depth or no such option.
        """
        if self.arch not in _CHOICES:
            raise UsageError(f"--arch must be one of {', '.join(_CHOICES)}, got {self.arch!r}")
        choices = {"depth": None, "stages": None, **_CHOICES[self.arch]}
        for name in ("depth", "stages"):
            given = getattr(self, name)
            if choices[name] is None and given is not None:
                raise UsageError(f"--arch {self.arch} takes no --{name}, got --{name} {given}; leave it out")
        filled = {name: choice for name, choice in choices.items() if getattr(self, name) is None}
        whole = dataclasses.replace(self, **filled)
        if whole.depth is not None and whole.depth not in RESNETS:
            raise UsageError(f"--depth must be one of {', '.join(map(str, RESNETS))}, got {whole.depth}")
        if whole.channels is None and whole.depth is not None:
            return dataclasses.replace(whole, channels=RESNETS[whole.depth].channels)
        return whole


@dataclasses.dataclass(frozen=True)
class Stages:
    """The residual blocks of a resnet.

    Attributes:
        blocks: in each stage.
        channels: of the first stage, unless told otherwise.
        bottleneck: whether a block narrows to a quarter of its channels between two 1×1 convolutions.
        projected: whether shortcuts between stages are 1×1 convolutions, not the input filled up with zeros.
    """

    blocks: tuple[int, ...]
    channels: int
    bottleneck: bool
    projected: bool


# He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385: section 4.2
# (6n + 2 layers, shortcuts of kind A) for the first five, table 1 for the others.
RESNETS = {depth: Stages((depth // 6,) * 3, 16, bottleneck=False, projected=False) for depth in (8, 20, 32, 44, 56)} | {
    18: Stages((2, 2, 2, 2), 64, bottleneck=False, projected=True),
    34: Stages((3, 4, 6, 3), 64, bottleneck=False, projected=True),
    50: Stages((3, 4, 6, 3), 64, bottleneck=True, projected=True),
}

_CHOICES: dict[str, dict[str, Any]] = {
    "small": {"channels": 32, "stages": 2, "pool": "max", "norm": "none", "activation": "relu", "hidden": 128},
    "resnet": {"depth": 20, "pool": "stride", "norm": "batch", "activation": "relu", "hidden": 0},
    "convnext": {"channels": 64, "stages": 3, "pool": "stride", "norm": "layer", "activation": "gelu", "hidden": 0},
}
