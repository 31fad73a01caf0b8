"""What shapes the blocks of a transformer, and the shapes of three generations of them."""

from __future__ import annotations

import dataclasses
from typing import Any

PRESETS = ("original", "gpt2", "modern")


@dataclasses.dataclass(frozen=True)
class Style:
    """What shapes a stack of transformer blocks.

    Attributes:
        width: features of each position.
        heads: of each attention; they share the width.
        layers: blocks of a stack.
        hidden: units of the feed-forward part of a block.
        context: positions at most.
        positions: "sinusoidal" and "learned" are added to the embeddings, "rotary" turns queries and keys.
        norm: "layer" or "rms".
        before: whether each part of a block normalizes its inputs; else the sum that it goes into.
        activation: "relu", "gelu" or "swiglu".
        bias: whether projections and layer norms have one.
        unit_queries: whether the queries and keys of each head are normalized.
        initial: "xavier", or "normal" for deviations of 0.02.
        dropout: share of the embeddings and of what each part adds that is set to zero in training.
        dtype: of the activations; parameters, norms, softmax and logits are float32 in any case.
    """

    width: int
    heads: int
    layers: int
    hidden: int
    context: int
    positions: str
    norm: str
    before: bool
    activation: str
    bias: bool
    unit_queries: bool
    initial: str
    dropout: float = 0.0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, got width={self.width}, heads={self.heads}")
        if self.positions != "learned" and self.width // self.heads % 2:
            raise ValueError(
                f"{self.positions} positions need an even number of features a head, got {self.width // self.heads}"
            )

    @property
    def head_width(self) -> int:
        """Features of each head."""
        return self.width // self.heads


def preset(name: str, *, width: int, **sizes: Any) -> Style:
    """Return the style of a generation of transformers.

    - original: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762. Unlike there,
      attention weights know no dropout; this holds for all three.
    - gpt2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3.
    - modern: Touvron et al., "LLaMA", 2023, arXiv:2302.13971, section 2.2, with normalized queries and keys
      (Henry et al. 2020, arXiv:2010.04245, in the form of Qwen 3, arXiv:2505.09388).

    Args:
        name: of the generation.
        width: features of each position.
        **sizes: heads, layers, context, dropout and dtype of `Style`.

    Raises:
        ValueError: there is no such preset, or the sizes do not fit each other.
    """
    if name not in PRESETS:
        raise ValueError(f"the preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return Style(width=width, **sizes, **_CHOICES[name], hidden=_gated(width) if name == "modern" else 4 * width)


def _gated(width: int) -> int:
    """Return the units of a gated layer with as many weights as one of 4 · width without a gate, in eights."""
    return -(-8 * width // 24) * 8


_CHOICES: dict[str, dict[str, Any]] = {
    "original": {
        "positions": "sinusoidal",
        "norm": "layer",
        "before": False,
        "activation": "relu",
        "bias": True,
        "unit_queries": False,
        "initial": "xavier",
    },
    "gpt2": {
        "positions": "learned",
        "norm": "layer",
        "before": True,
        "activation": "gelu",
        "bias": True,
        "unit_queries": False,
        "initial": "normal",
    },
    "modern": {
        "positions": "rotary",
        "norm": "rms",
        "before": True,
        "activation": "swiglu",
        "bias": False,
        "unit_queries": True,
        "initial": "normal",
    },
}
