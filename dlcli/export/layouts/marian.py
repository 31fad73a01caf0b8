"""Transformers of `--preset original` and `marian`: a decoder as `MarianForCausalLM`, or `MarianMTModel`."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from dlcli.data.text.tokenizers import END, PADDING
from dlcli.export.layouts.naming import Tensors, embedding, linear, norm
from dlcli.nn.attention import sinusoidal_positions

_PROJECTIONS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "out"}


def tensors(network: Any) -> Tensors:
    """Return the tensors of a decoder or an encoder-decoder."""
    if _is_decoder(network):
        found = embedding("model.decoder.embed_tokens", network.embedding.tokens)
        for index, block in enumerate(network.stack.blocks):
            prefix = f"model.decoder.layers.{index}."
            found |= _block(prefix, block) | _unused_cross_attention(prefix, network.stack.config.d_model)
        found["model.decoder.embed_positions.weight"] = _positions(network.stack.config)
        return found
    found = embedding("model.shared", network.embedding.tokens)
    bias = network.embedding.bias
    zeros = np.zeros([len(found["model.shared.weight"])], np.float32)
    found["final_logits_bias"] = (zeros if bias is None else np.asarray(bias[...]))[None]
    for part in ("encoder", "decoder"):
        for index, block in enumerate(getattr(network, part).blocks):
            found |= _block(f"model.{part}.layers.{index}.", block)
    return found


def _block(prefix: str, block: Any) -> Tensors:
    attentions = {"self_attn": block.self_attention}
    if block.cross_attention is not None:
        attentions["encoder_attn"] = block.cross_attention
    found: Tensors = {}
    for (name, attention), layer_norm in zip(attentions.items(), block.norms, strict=False):
        for theirs, ours in _PROJECTIONS.items():
            found |= linear(f"{prefix}{name}.{theirs}", getattr(attention, ours))
        found |= norm(f"{prefix}{name}_layer_norm", layer_norm)
    found |= linear(f"{prefix}fc1", block.feed_forward.up) | linear(f"{prefix}fc2", block.feed_forward.down)
    return found | norm(f"{prefix}final_layer_norm", block.norms[-1])


def _positions(sizes: Any) -> np.ndarray:
    """Return the sinusoidal positions, which `MarianForCausalLM` expects in the file; `MarianMTModel` computes them."""
    return np.asarray(sinusoidal_positions(jnp.arange(sizes.context), sizes.d_model))


def _unused_cross_attention(prefix: str, size: int) -> Tensors:
    """Return zeros for the cross-attention that the class has but does not use without an encoder."""
    bias, kernel = np.zeros([size], np.float32), np.zeros([size, size], np.float32)
    found: Tensors = {}
    for name in _PROJECTIONS:
        found |= {f"{prefix}encoder_attn.{name}.weight": kernel, f"{prefix}encoder_attn.{name}.bias": bias}
    names = (f"{prefix}encoder_attn_layer_norm.weight", f"{prefix}encoder_attn_layer_norm.bias")
    return found | dict.fromkeys(names, bias)


def config(network: Any) -> dict[str, Any]:
    """Return the entries of `config.json`."""
    decoder_only = _is_decoder(network)
    sizes = network.stack.config if decoder_only else network.decoder.config
    vocabulary = len(network.embedding.tokens.embedding[...])
    return {
        "architectures": ["MarianForCausalLM" if decoder_only else "MarianMTModel"],
        "model_type": "marian",
        "is_decoder": decoder_only,
        "is_encoder_decoder": not decoder_only,
        "vocab_size": vocabulary,
        "decoder_vocab_size": vocabulary,
        "d_model": sizes.d_model,
        **{f"{part}_layers": sizes.layers for part in ("encoder", "decoder")},
        **{f"{part}_attention_heads": sizes.heads for part in ("encoder", "decoder")},
        **{f"{part}_ffn_dim": sizes.d_ff for part in ("encoder", "decoder")},
        "activation_function": "swish" if sizes.activation == "silu" else sizes.activation,
        "max_position_embeddings": sizes.context,
        "scale_embedding": True,
        "static_position_embeddings": True,
        "normalize_before": False,
        "share_encoder_decoder_embeddings": True,
        "tie_word_embeddings": True,
        "dropout": sizes.dropout,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "pad_token_id": PADDING if decoder_only else network.special.padding,
        "bos_token_id": END if decoder_only else network.special.start,
        "eos_token_id": END if decoder_only else network.special.end,
        "decoder_start_token_id": END if decoder_only else network.special.start,
        "forced_eos_token_id": None,
    }


def _is_decoder(network: Any) -> bool:
    return hasattr(network, "stack")
