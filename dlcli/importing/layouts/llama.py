"""Llama and Qwen2 as decoders of `--preset llama`, and Qwen3 as one of `--preset modern`.

Qwen2 has biases in the projections to queries, keys and values; Qwen3 normalizes queries and keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.errors import RunError
from dlcli.importing.layouts.source import Source, number, require, size

MODEL_TYPES = ("llama", "qwen2", "qwen3")
PREFIXES = ("model.", "")
_CONTEXT = 1024  # tokens; rotary positions have no parameters, and the cache of a whole context takes memory
_LINEAR = {
    "self_attention/query": "self_attn.q_proj",
    "self_attention/key": "self_attn.k_proj",
    "self_attention/value": "self_attn.v_proj",
    "self_attention/out": "self_attn.o_proj",
    "feed_forward/up": "mlp.up_proj",
    "feed_forward/gate": "mlp.gate_proj",
    "feed_forward/down": "mlp.down_proj",
}
_BIASED = ("self_attention/query", "self_attention/key", "self_attention/value")  # of Qwen2


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training options; raise `RunError` for a variant that dlcli's blocks cannot compute."""
    require(config, hidden_act="silu", attention_bias=False, mlp_bias=False, use_sliding_window=False)
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise RunError(f"config.json must have an object as rope_parameters, found {rope!r}")
    heads, d_model = size(config, "num_attention_heads"), size(config, "hidden_size")
    return {
        "shape": "decoder",
        "preset": "modern" if config["model_type"] == "qwen3" else "llama",
        "layers": size(config, "num_hidden_layers"),
        "heads": heads,
        "d_model": d_model,
        "d_ff": size(config, "intermediate_size"),
        "kv_heads": size(config, "num_key_value_heads") if config.get("num_key_value_heads") else heads,
        "head_dim": size(config, "head_dim") if config.get("head_dim") else d_model // heads,
        "rope_base": number(config, "rope_theta", number(rope, "rope_theta", 10_000.0)),
        "rope_scaling": _scaling(rope),
        "qkv_bias": config["model_type"] == "qwen2",
        "norm_epsilon": number(config, "rms_norm_eps", 1e-6),
        "tie_embeddings": bool(config.get("tie_word_embeddings", False)),
        "context": min(_CONTEXT, size(config, "max_position_embeddings")),
        "dropout": 0.0,
    }


def _scaling(rope: Mapping[str, Any]) -> str:
    """Return the option `rope_scaling`."""
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return ""
    if kind != "llama3":
        raise RunError(f"config.json must have rotary positions that are not scaled, or as in llama3, found {kind!r}")
    names = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    if missing := [name for name in names if rope.get(name) is None]:
        raise RunError(f"config.json must have {missing[0]} for its rotary positions")
    return ",".join(f"{number(rope, name, 0.0):g}" for name in names)


def place(source: Source, sizes: Mapping[str, Any]) -> None:
    """Map the tensors to parameters."""
    source.array("network/embedding/tokens/embedding", "embed_tokens.weight")
    if not sizes["tie_embeddings"]:
        source.array("network/embedding/output/embedding", "lm_head.weight")
    source.norm("network/stack/final_norm", "norm", bias=False)
    for index in range(sizes["layers"]):
        path, name = f"network/stack/blocks/{index}", f"layers.{index}"
        for part, theirs in _LINEAR.items():
            source.linear(f"{path}/{part}", f"{name}.{theirs}", bias=sizes["qkv_bias"] and part in _BIASED)
        source.norm(f"{path}/norms/0", f"{name}.input_layernorm", bias=False)
        source.norm(f"{path}/norms/1", f"{name}.post_attention_layernorm", bias=False)
        if sizes["preset"] == "modern":
            source.norm(f"{path}/self_attention/query_norm", f"{name}.self_attn.q_norm", bias=False)
            source.norm(f"{path}/self_attention/key_norm", f"{name}.self_attn.k_norm", bias=False)


def ignored(name: str) -> bool:
    """Return whether a tensor contains nothing that was learned: frequencies, and the copy of tied weights."""
    return name.endswith("rotary_emb.inv_freq") or name == "lm_head.weight"
