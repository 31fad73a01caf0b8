"""The configuration of transformer blocks, and presets of three generations of transformers."""

from __future__ import annotations

import dataclasses
from typing import Any

PRESETS = ("original", "gpt2", "modern")


@dataclasses.dataclass(frozen=True)
class TransformerConfig:
    """Sizes and variants of a stack of transformer blocks.

    Attributes:
        d_model: features of each position.
        heads: attention heads; each has d_model / heads features.
        layers: blocks of a stack.
        d_ff: hidden units of the feed-forward layer.
        context: maximum sequence length in tokens.
        positions: "sinusoidal" and "learned" are added to the embeddings, "rotary" rotates queries and keys.
        norm: "layer" (LayerNorm) or "rms" (RMSNorm).
        pre_norm: whether the input of each sublayer is normalized; otherwise the residual sum is (post-norm).
        activation: "relu", "gelu" or "swiglu".
        bias: whether projections and layer norms have a bias.
        qk_norm: whether the queries and keys of each head are normalized.
        initializer: of the weights, "xavier" or "normal" (standard deviation 0.02).
        dropout: probability that a feature of the embeddings or of a sublayer's output is set to zero in training.
        dtype: of the activations; parameters, norms, softmax and logits are always float32.
        remat: whether the backward pass computes the activations of each block again, instead of keeping them.
    """

    d_model: int
    heads: int
    layers: int
    d_ff: int
    context: int
    positions: str
    norm: str
    pre_norm: bool
    activation: str
    bias: bool
    qk_norm: bool
    initializer: str
    dropout: float = 0.0
    dtype: str = "float32"
    remat: bool = False

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"d_model must be a multiple of heads, got d_model={self.d_model}, heads={self.heads}")
        if self.positions != "learned" and self.head_dim % 2:
            raise ValueError(
                f"{self.positions} positions need an even number of features per head, got {self.head_dim}"
            )

    @property
    def head_dim(self) -> int:
        """Features of each head."""
        return self.d_model // self.heads


def preset(name: str, *, d_model: int, **sizes: Any) -> TransformerConfig:
    """Return the configuration of a preset.

    - original: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, but without dropout on the
      attention weights; this applies to all presets.
    - gpt2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3.
    - modern: Touvron et al., "LLaMA", 2023, arXiv:2302.13971, section 2.2, with query-key normalization
      (Henry et al. 2020, arXiv:2010.04245, as in Qwen 3, arXiv:2505.09388).

    Args:
        name: a name in `PRESETS`.
        d_model: features of each position.
        **sizes: heads, layers, context, dropout, dtype and remat of `TransformerConfig`.

    Raises:
        ValueError: the preset is unknown, or d_model is not a multiple of heads.
    """
    if name not in PRESETS:
        raise ValueError(f"the preset must be one of {', '.join(PRESETS)}, got {name!r}")
    d_ff = _gated_d_ff(d_model) if name == "modern" else 4 * d_model
    return TransformerConfig(d_model=d_model, d_ff=d_ff, **sizes, **_VARIANTS[name])


def _gated_d_ff(d_model: int) -> int:
    """Return 8/3 · d_model rounded up to a multiple of 8: as many weights as 4 · d_model units without a gate."""
    return -(-8 * d_model // 24) * 8


_VARIANTS: dict[str, dict[str, Any]] = {
    "original": {
        "positions": "sinusoidal",
        "norm": "layer",
        "pre_norm": False,
        "activation": "relu",
        "bias": True,
        "qk_norm": False,
        "initializer": "xavier",
    },
    "gpt2": {
        "positions": "learned",
        "norm": "layer",
        "pre_norm": True,
        "activation": "gelu",
        "bias": True,
        "qk_norm": False,
        "initializer": "normal",
    },
    "modern": {
        "positions": "rotary",
        "norm": "rms",
        "pre_norm": True,
        "activation": "swiglu",
        "bias": False,
        "qk_norm": True,
        "initializer": "normal",
    },
}
