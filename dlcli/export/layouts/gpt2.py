"""The decoder of `--preset gpt2` as `GPT2LMHeadModel`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcli.data.text.tokenizers import END
from dlcli.export.layouts.naming import Tensors, embedding, linear, norm


def tensors(network: Any) -> Tensors:
    """Return the tensors of a decoder. Weights of linear layers are [input, output]: the class has `Conv1D` layers."""
    found = embedding("transformer.wte", network.embedding.tokens)
    found |= embedding("transformer.wpe", network.embedding.positions)
    for index, block in enumerate(network.stack.blocks):
        found |= _block(f"transformer.h.{index}.", block)
    return found | norm("transformer.ln_f", network.stack.final_norm)


def _block(prefix: str, block: Any) -> Tensors:
    attention, feed_forward = block.self_attention, block.feed_forward
    parts = [linear("", each, transpose=False) for each in (attention.query, attention.key, attention.value)]
    found = {
        f"{prefix}attn.c_attn{name}": np.concatenate([part[name] for part in parts], axis=-1)
        for name in (".weight", ".bias")
    }
    found |= linear(f"{prefix}attn.c_proj", attention.out, transpose=False)
    found |= linear(f"{prefix}mlp.c_fc", feed_forward.up, transpose=False)
    found |= linear(f"{prefix}mlp.c_proj", feed_forward.down, transpose=False)
    return found | norm(f"{prefix}ln_1", block.norms[0]) | norm(f"{prefix}ln_2", block.norms[1])


def config(network: Any) -> dict[str, Any]:
    """Return the entries of `config.json`."""
    sizes = network.stack.config
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": len(network.embedding.tokens.embedding[...]),
        "n_positions": sizes.context,
        "n_embd": sizes.d_model,
        "n_layer": sizes.layers,
        "n_head": sizes.heads,
        "n_inner": sizes.d_ff,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": sizes.epsilon,
        "resid_pdrop": sizes.dropout,
        "embd_pdrop": sizes.dropout,
        "attn_pdrop": 0.0,
        "tie_word_embeddings": True,
        "bos_token_id": END,
        "eos_token_id": END,
    }
