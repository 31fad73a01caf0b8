"""GPT-2 as a decoder of `--preset gpt2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlcli.importing.layouts.source import Source, number, require, size

MODEL_TYPES = ("gpt2",)
PREFIXES = ("transformer.", "")


def options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training options; raise `RunError` for a variant that dlcli's blocks cannot compute."""
    require(config, activation_function=("gelu_new", "gelu_pytorch_tanh"), scale_attn_weights=True)
    require(config, scale_attn_by_inverse_layer_idx=False, add_cross_attention=False, tie_word_embeddings=True)
    d_model = size(config, "n_embd")
    return {
        "shape": "decoder",
        "preset": "gpt2",
        "layers": size(config, "n_layer"),
        "heads": size(config, "n_head"),
        "d_model": d_model,
        "d_ff": size(config, "n_inner") if config.get("n_inner") else 4 * d_model,
        "context": size(config, "n_positions", "n_ctx"),
        "norm_epsilon": number(config, "layer_norm_epsilon", 1e-5),
        "dropout": number(config, "resid_pdrop", 0.1),
    }


def place(source: Source, sizes: Mapping[str, Any]) -> None:
    """Map the tensors to parameters. Weights of linear layers are [input, output]: the model has `Conv1D` layers."""
    source.array("network/embedding/tokens/embedding", "wte.weight")
    source.array("network/embedding/positions/embedding", "wpe.weight")
    source.norm("network/stack/final_norm", "ln_f")
    for index in range(sizes["layers"]):
        path, name = f"network/stack/blocks/{index}", f"h.{index}"
        kernels = np.split(source.take(f"{name}.attn.c_attn.weight"), 3, axis=1)
        biases = np.split(source.take(f"{name}.attn.c_attn.bias"), 3)
        for part, kernel, bias in zip(("query", "key", "value"), kernels, biases, strict=True):
            source.weights[f"{path}/self_attention/{part}/kernel"] = kernel
            source.weights[f"{path}/self_attention/{part}/bias"] = bias
        source.linear(f"{path}/self_attention/out", f"{name}.attn.c_proj", transpose=False)
        source.linear(f"{path}/feed_forward/up", f"{name}.mlp.c_fc", transpose=False)
        source.linear(f"{path}/feed_forward/down", f"{name}.mlp.c_proj", transpose=False)
        source.norm(f"{path}/norms/0", f"{name}.ln_1")
        source.norm(f"{path}/norms/1", f"{name}.ln_2")


def ignored(name: str) -> bool:
    """Return whether a tensor contains nothing that was learned: masks, and the copy of tied weights."""
    return name.endswith((".attn.bias", ".attn.masked_bias")) or name == "lm_head.weight"
