"""The configuration of transformer blocks, and presets of published transformers."""

from __future__ import annotations

import dataclasses
from typing import Any

PRESETS = ("original", "gpt2", "modern", "bert", "llama", "marian")


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
        activation: "relu", "gelu", "gelu-exact", "silu" or "swiglu".
        bias: whether projections and layer norms have a bias.
        qk_norm: whether the queries and keys of each head are normalized.
        initializer: of the weights, "xavier" or "normal" (standard deviation 0.02).
        dropout: probability that a feature of the embeddings or of a sublayer's output is set to zero in training.
        dtype: of the activations; parameters, norms, softmax and logits are always float32.
        embedding_norm: whether the sum of the embeddings is normalized.
        key_value_heads: heads of keys and values, each of which serves heads / key_value_heads queries (Ainslie et al.
            2023, arXiv:2305.13245); None: as many as heads.
        head_size: features of each head; None: d_model / heads.
        rope_base: base of the wavelengths of rotary positions.
        rope_scaling: of rotary positions, as `dlcli.nn.attention.scaled_frequencies` takes it; None: not scaled.
        qkv_bias: whether the projections to queries, keys and values have a bias although the others have none.
        norm_epsilon: added to the variance in norms; None: 1e-5 for LayerNorm, 1e-6 for RMSNorm.
        output_bias: whether a learned number per token is added to the logits.
        tied: whether the token embedding is also the output projection.
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
    embedding_norm: bool = False
    key_value_heads: int | None = None
    head_size: int | None = None
    rope_base: float = 10_000.0
    rope_scaling: tuple[float, float, float, float] | None = None
    qkv_bias: bool = False
    norm_epsilon: float | None = None
    output_bias: bool = False
    tied: bool = True
    remat: bool = False

    def __post_init__(self) -> None:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads, got heads={self.heads}, kv_heads={self.kv_heads}")
        if self.head_size is None and self.d_model % self.heads:
            raise ValueError(f"d_model must be a multiple of heads, got d_model={self.d_model}, heads={self.heads}")
        if self.positions != "learned" and self.head_dim % 2:
            raise ValueError(
                f"{self.positions} positions need an even number of features per head, got {self.head_dim}"
            )

    @property
    def head_dim(self) -> int:
        """Features of each head."""
        return self.head_size or self.d_model // self.heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.key_value_heads or self.heads

    @property
    def epsilon(self) -> float:
        """The number added to the variance in norms."""
        return self.norm_epsilon or (1e-6 if self.norm == "rms" else 1e-5)


def preset(name: str, *, d_model: int, d_ff: int | None = None, **sizes: Any) -> TransformerConfig:
    """Return the configuration of a preset.

    - original: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, but without dropout on the
      attention weights; this applies to all presets.
    - gpt2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3.
    - modern: Touvron et al., "LLaMA", 2023, arXiv:2302.13971, section 2.2, with query-key normalization
      (Henry et al. 2020, arXiv:2010.04245, as in Qwen 3, arXiv:2505.09388).
    - bert: Devlin et al., "BERT", 2019, arXiv:1810.04805, of a single segment.
    - llama: modern without query-key normalization.
    - marian: original with SiLU and an output bias, as the OPUS-MT models (Tiedemann and Thottingal 2020, "OPUS-MT").

    Args:
        name: a name in `PRESETS`.
        d_model: features of each position.
        d_ff: hidden units of the feed-forward layer; None: 4 · d_model, or with a gate as many weights as that.
        **sizes: further attributes of `TransformerConfig`, over those of the preset.

    Raises:
        ValueError: the preset is unknown, or d_model is not a multiple of heads.
    """
    if name not in PRESETS:
        raise ValueError(f"the preset must be one of {', '.join(PRESETS)}, got {name!r}")
    variant = _VARIANTS[name]
    default = _gated_d_ff(d_model) if variant["activation"] == "swiglu" else 4 * d_model
    return TransformerConfig(**{**variant, "d_model": d_model, "d_ff": d_ff or default, **sizes})


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
    "bert": {
        "positions": "learned",
        "norm": "layer",
        "pre_norm": False,
        "activation": "gelu-exact",
        "bias": True,
        "qk_norm": False,
        "initializer": "normal",
        "embedding_norm": True,
        "norm_epsilon": 1e-12,
    },
}
_VARIANTS["llama"] = {**_VARIANTS["modern"], "qk_norm": False}
_VARIANTS["marian"] = {**_VARIANTS["original"], "activation": "silu", "output_bias": True}
