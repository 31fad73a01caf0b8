"""Tensors of single layers under the names of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

Tensors = dict[str, np.ndarray]


def linear(name: str, layer: Any, *, transpose: bool = True) -> Tensors:
    """Return the weight of a linear layer, [output, input] or as it is [input, output], and its bias if it has one."""
    kernel = np.asarray(layer.kernel[...])
    found = {f"{name}.weight": kernel.T if transpose else kernel}
    if layer.bias is not None:
        found[f"{name}.bias"] = np.asarray(layer.bias[...])
    return found


def norm(name: str, layer: Any) -> Tensors:
    """Return the scale of a normalization layer, called weight, and its bias if it has one."""
    found = {f"{name}.weight": np.asarray(layer.scale[...])}
    if getattr(layer, "bias", None) is not None:
        found[f"{name}.bias"] = np.asarray(layer.bias[...])
    return found


def embedding(name: str, layer: Any) -> Tensors:
    """Return the table of an embedding, [entry, feature]."""
    return {f"{name}.weight": np.asarray(layer.embedding[...])}
