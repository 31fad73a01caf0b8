"""The decoder of `--preset modern` as `Qwen3ForCausalLM`, and of `--preset llama` as `LlamaForCausalLM`.

Qwen3 normalizes queries and keys as the modern preset does; with `--qkv-bias`, the llama preset is `Qwen2ForCausalLM`.
Apart from that, all are one layout.
"""

from __future__ import annotations

from typing import Any

from dlcli.data.text.tokenizers import END
from dlcli.export.layouts.naming import Tensors, embedding, linear, norm
from dlcli.nn.transformer_config import TransformerConfig


def tensors(network: Any) -> Tensors:
    """Return the tensors of a decoder."""
    found = embedding("model.embed_tokens", network.embedding.tokens)
    for index, block in enumerate(network.stack.blocks):
        found |= _block(f"model.layers.{index}.", block)
    if network.embedding.output is not None:
        found |= embedding("lm_head", network.embedding.output)
    return found | norm("model.norm", network.stack.final_norm)


def _block(prefix: str, block: Any) -> Tensors:
    attention, feed_forward = block.self_attention, block.feed_forward
    layers = {
        "self_attn.q_proj": attention.query,
        "self_attn.k_proj": attention.key,
        "self_attn.v_proj": attention.value,
        "self_attn.o_proj": attention.out,
        "mlp.up_proj": feed_forward.up,
        "mlp.gate_proj": feed_forward.gate,
        "mlp.down_proj": feed_forward.down,
    }
    norms = {
        "input_layernorm": block.norms[0],
        "post_attention_layernorm": block.norms[1],
    }
    if attention.query_norm is not None:
        norms |= {"self_attn.q_norm": attention.query_norm, "self_attn.k_norm": attention.key_norm}
    found: Tensors = {}
    for name, layer in layers.items():
        found |= linear(prefix + name, layer)
    for name, layer in norms.items():
        found |= norm(prefix + name, layer)
    return found


def config(network: Any) -> dict[str, Any]:
    """Return the entries of `config.json`."""
    sizes = network.stack.config
    kind = "Qwen3" if sizes.qk_norm else "Qwen2" if sizes.qkv_bias else "Llama"
    return {
        "architectures": [f"{kind}ForCausalLM"],
        "model_type": kind.lower(),
        "vocab_size": len(network.embedding.tokens.embedding[...]),
        "hidden_size": sizes.d_model,
        "intermediate_size": sizes.d_ff,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.kv_heads,
        "head_dim": sizes.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": sizes.context,
        "rms_norm_eps": sizes.epsilon,
        "rope_theta": sizes.rope_base,
        **_rope(sizes),
        "attention_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": sizes.tied,
        "use_sliding_window": False,
        "bos_token_id": END,
        "eos_token_id": END,
    }


def _rope(sizes: TransformerConfig) -> dict[str, Any]:
    """Return the entries for rotary positions, under the names of recent and of earlier versions of the library."""
    base = {"rope_theta": sizes.rope_base}
    if sizes.rope_scaling is None:
        return {"rope_parameters": {"rope_type": "default", **base}}
    factor, low, high, context = sizes.rope_scaling
    scaling = {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": int(context),
    }
    return {"rope_parameters": {**scaling, **base}, "rope_scaling": scaling}
