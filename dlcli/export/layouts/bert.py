"""The encoder of `--preset bert` as `BertModel` without a pooling layer; a classification head has no place in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcli.export.layouts.naming import Tensors, embedding, linear, norm


def tensors(network: Any) -> Tensors:
    """Return the tensors of an encoder. The embedding of segments is zero, since positions include that of a text."""
    found = embedding("embeddings.word_embeddings", network.embedding.tokens)
    found |= embedding("embeddings.position_embeddings", network.embedding.positions)
    size = network.stack.config.d_model
    found["embeddings.token_type_embeddings.weight"] = np.zeros([2, size], np.float32)
    found |= norm("embeddings.LayerNorm", network.embedding.norm)
    for index, block in enumerate(network.stack.blocks):
        found |= _block(f"encoder.layer.{index}.", block)
    return found


def _block(prefix: str, block: Any) -> Tensors:
    attention, feed_forward = block.self_attention, block.feed_forward
    layers = {
        "attention.self.query": attention.query,
        "attention.self.key": attention.key,
        "attention.self.value": attention.value,
        "attention.output.dense": attention.out,
        "intermediate.dense": feed_forward.up,
        "output.dense": feed_forward.down,
    }
    found: Tensors = {}
    for name, layer in layers.items():
        found |= linear(prefix + name, layer)
    return (
        found
        | norm(f"{prefix}attention.output.LayerNorm", block.norms[0])
        | norm(f"{prefix}output.LayerNorm", block.norms[1])
    )


def config(network: Any) -> dict[str, Any]:
    """Return the entries of `config.json`."""
    sizes = network.stack.config
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(network.embedding.tokens.embedding[...]),
        "hidden_size": sizes.d_model,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.d_ff,
        "max_position_embeddings": sizes.context,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": sizes.epsilon,
        "hidden_dropout_prob": sizes.dropout,
        "attention_probs_dropout_prob": 0.0,
        "position_embedding_type": "absolute",
        "tie_word_embeddings": True,
    }
