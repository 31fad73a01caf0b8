"""BERT and MiniLM as an encoder of `--preset bert`, without classes: its texts are represented, not classified.

A text is one segment, so that the embedding of segment 0 is added to every position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.importing.layouts.source import Source, number, require, size

MODEL_TYPES = ("bert",)
PREFIXES = ("", "bert.")
_LINEAR = {
    "self_attention/query": "attention.self.query",
    "self_attention/key": "attention.self.key",
    "self_attention/value": "attention.self.value",
    "self_attention/out": "attention.output.dense",
    "feed_forward/up": "intermediate.dense",
    "feed_forward/down": "output.dense",
}


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training options; raise `RunError` for a variant that dlcli's blocks cannot compute."""
    require(config, hidden_act="gelu", position_embedding_type="absolute", is_decoder=False)
    return {
        "shape": "encoder",
        "preset": "bert",
        "layers": size(config, "num_hidden_layers"),
        "heads": size(config, "num_attention_heads"),
        "d_model": size(config, "hidden_size"),
        "d_ff": size(config, "intermediate_size"),
        "context": size(config, "max_position_embeddings"),
        "norm_epsilon": number(config, "layer_norm_eps", 1e-12),
        "dropout": number(config, "hidden_dropout_prob", 0.1),
    }


def place(source: Source, sizes: Mapping[str, Any]) -> None:
    """Map the tensors to parameters."""
    source.array("network/embedding/tokens/embedding", "embeddings.word_embeddings.weight")
    positions = source.take("embeddings.position_embeddings.weight")
    segments = source.take("embeddings.token_type_embeddings.weight")
    source.weights["network/embedding/positions/embedding"] = positions + segments[:1]
    source.norm("network/embedding/norm", "embeddings.LayerNorm")
    for index in range(sizes["layers"]):
        path, name = f"network/stack/blocks/{index}", f"encoder.layer.{index}"
        for part, theirs in _LINEAR.items():
            source.linear(f"{path}/{part}", f"{name}.{theirs}")
        source.norm(f"{path}/norms/0", f"{name}.attention.output.LayerNorm")
        source.norm(f"{path}/norms/1", f"{name}.output.LayerNorm")


def ignored(name: str) -> bool:
    """Return whether a tensor contains nothing that was learned."""
    return name.endswith("embeddings.position_ids")
