"""Activation checkpointing: activations inside a block are computed again in the backward pass, instead of kept.

Reference: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, arXiv:1604.06174.
"""

from __future__ import annotations

from typing import Any

from flax import nnx


def apply(block: nnx.Module, *arguments: Any, remat: bool) -> Any:
    """Call a block; with `remat`, the backward pass keeps its arguments only."""
    return nnx.remat(_call)(block, *arguments) if remat else _call(block, *arguments)


def _call(block: Any, *arguments: Any) -> Any:
    return block(*arguments)
