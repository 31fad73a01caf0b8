"""Model folders of Hugging Face: GPT-2, BERT and MiniLM, Llama, Qwen2, Qwen3, Marian, with their tokenizers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dlcli import discovery, formats
from dlcli.data.text import tokenizers
from dlcli.errors import RunError
from dlcli.files import read_json, reason
from dlcli.importing import hf_tokenizer, tensors
from dlcli.importing.imported import Imported
from dlcli.importing.layouts.source import Source
from dlcli.importing.options import Import

_LAYOUTS = "dlcli.importing.layouts"
_TABLES = tuple(f"network/embedding/{name}" for name in ("tokens/embedding", "output/embedding", "bias"))
_POSITIONS = "network/embedding/positions/embedding"


def recognizes(path: Path) -> bool:
    """Return whether a folder has a `config.json`."""
    return path.is_dir() and (path / "config.json").is_file()


def read(path: Path, options: Import) -> Imported:
    """Return the model; raise `RunError` if dlcli's blocks cannot compute it, or a file is missing."""
    try:
        config = read_json(path / "config.json")
    except (OSError, ValueError) as error:
        raise RunError(f"{path / 'config.json'} cannot be read: {reason(error)}") from error
    layout = _layout(path, config)
    sizes = layout.options(config)
    text = hf_tokenizer.read(path, config)
    tokenizer = tokenizers.from_json(text)
    source = Source(path, tensors.read(path), layout.PREFIXES)
    layout.place(source, sizes)
    unused = [name for name in source.unused if not layout.ignored(name)]
    notes: list[str] = [formats.parameters(unused)] if unused else []
    notes += _fit_vocabulary(path, source.weights, len(tokenizer))
    notes += _fit_context(source.weights, sizes, options.context)
    facts: dict[str, Any] = {"tokenizer": text, "vocabulary": len(tokenizer), "classes": ()}
    if sizes["shape"] == "encoder-decoder":
        if tokenizer.kind == "imported" and not tokenizer.pair_files:
            raise RunError(f"{path} must have source.spm, target.spm and vocab.json, or a tokenizer of dlcli")
        facts |= dict.fromkeys(("max_source_length", "max_target_length"), sizes["context"])
    if sizes["shape"] == "encoder":
        empty = np.zeros([sizes["d_model"], 0], np.float32)
        source.weights |= {"network/head/kernel": empty, "network/head/bias": empty[0]}
    commands = [("predict", "transformer", "--embed", "TEXT")] if sizes["shape"] == "encoder" else []
    return Imported(
        "transformer", sizes, facts, source.weights, notes, files={"tokenizer.json": text}, commands=commands
    )


def _layout(path: Path, config: Mapping[str, Any]) -> ModuleType:
    modules = [discovery.load(_LAYOUTS, name) for name in discovery.names(_LAYOUTS) if name != "source"]
    known = {kind: module for module in modules for kind in module.MODEL_TYPES}
    kind = config.get("model_type")
    if kind not in known:
        raise RunError(f"{path / 'config.json'} must have a model_type of {', '.join(sorted(known))}, found {kind!r}")
    return known[kind]


def _fit_vocabulary(path: Path, weights: dict[str, np.ndarray], size: int) -> list[str]:
    """Cut the rows of the embeddings that have no token, and return a note about them."""
    notes: list[str] = []
    for name in (each for each in _TABLES if each in weights):
        rows = len(weights[name])
        if rows < size:
            raise RunError(f"{path} has a tokenizer of {size:,} tokens, but embeddings of {rows:,}")
        weights[name] = weights[name][:size]
        if rows > size and not notes:
            notes.append(f"{rows - size:,} rows of the embeddings, which have no token")
    return notes


def _fit_context(weights: dict[str, np.ndarray], sizes: dict[str, Any], context: int | None) -> list[str]:
    """Set the context length, and return a note about the positions that are not used."""
    before = sizes["context"]
    if context is None or context == before:
        return []
    if _POSITIONS not in weights:
        sizes["context"] = context
        return []
    if context > before:
        raise RunError(f"--context must be at most {before}, the positions of the model, got {context}")
    weights[_POSITIONS], sizes["context"] = weights[_POSITIONS][:context], context
    return [f"positions from {context} to {before - 1}"]
