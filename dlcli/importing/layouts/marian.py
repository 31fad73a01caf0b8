"""Marian models as transformers of `--preset original`, or of `--preset marian`: with SiLU and an output bias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli.errors import RunError
from dlcli.importing.layouts.source import Source, require, size

MODEL_TYPES = ("marian",)
PREFIXES = ("",)
_PROJECTIONS = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "out": "out_proj"}


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training options; raise `RunError` for a variant that dlcli's blocks cannot compute."""
    require(config, activation_function=("relu", "swish", "silu"), scale_embedding=True, normalize_before=False)
    require(config, share_encoder_decoder_embeddings=True, tie_word_embeddings=True, normalize_embedding=False)
    sizes = {name: size(config, f"decoder_{name}") for name in ("layers", "attention_heads", "ffn_dim")}
    pairs = bool(config.get("is_encoder_decoder", True))
    if pairs:
        require(config, **{f"encoder_{name}": value for name, value in sizes.items()})
    return {
        "shape": "encoder-decoder" if pairs else "decoder",
        "preset": "original" if config.get("activation_function", "relu") == "relu" else "marian",
        "layers": sizes["layers"],
        "heads": sizes["attention_heads"],
        "d_model": size(config, "d_model"),
        "d_ff": sizes["ffn_dim"],
        "context": size(config, "max_position_embeddings"),
        "dropout": 0.0,
    }


def place(source: Source, sizes: Mapping[str, Any]) -> None:
    """Map the tensors to parameters."""
    if sizes["shape"] == "decoder":
        if sizes["preset"] == "marian":
            raise RunError("config.json must have activation_function = relu for a decoder, found swish")
        source.array("network/embedding/tokens/embedding", "model.decoder.embed_tokens.weight")
        _stack(source, "network/stack", "model.decoder", sizes["layers"], cross=False)
        return
    source.array("network/embedding/tokens/embedding", "model.shared.weight")
    bias = source.take("final_logits_bias") if "final_logits_bias" in source else np.zeros([1], np.float32)
    if sizes["preset"] == "marian":
        source.weights["network/embedding/bias"] = np.broadcast_to(bias, (1, *_rows(source)))[0]
    elif np.any(bias):
        raise RunError("final_logits_bias must be 0 with activation_function = relu, found a bias")
    _stack(source, "network/encoder", "model.encoder", sizes["layers"], cross=False)
    _stack(source, "network/decoder", "model.decoder", sizes["layers"], cross=True)


def _rows(source: Source) -> tuple[int]:
    return source.weights["network/embedding/tokens/embedding"].shape[:1]


def _stack(source: Source, ours: str, theirs: str, layers: int, *, cross: bool) -> None:
    attentions = {"self_attention": "self_attn", **({"cross_attention": "encoder_attn"} if cross else {})}
    for index in range(layers):
        path, name = f"{ours}/blocks/{index}", f"{theirs}.layers.{index}"
        for number, (attention, their_attention) in enumerate(attentions.items()):
            for part, their_part in _PROJECTIONS.items():
                source.linear(f"{path}/{attention}/{part}", f"{name}.{their_attention}.{their_part}")
            source.norm(f"{path}/norms/{number}", f"{name}.{their_attention}_layer_norm")
        source.linear(f"{path}/feed_forward/up", f"{name}.fc1")
        source.linear(f"{path}/feed_forward/down", f"{name}.fc2")
        source.norm(f"{path}/norms/{len(attentions)}", f"{name}.final_layer_norm")


def ignored(name: str) -> bool:
    """Return whether a tensor contains nothing that was learned.

    These are positions that are computed, copies of tied weights, and a decoder's cross-attention without an encoder.
    """
    return name.endswith(("embed_positions.weight", "embed_tokens.weight")) or ".encoder_attn" in name
