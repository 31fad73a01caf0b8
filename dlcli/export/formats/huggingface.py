"""A transformer as a model folder of Hugging Face: GPT-2, BERT, Llama, Qwen, Marian; with tokenizer and model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli import discovery
from dlcli.data.text.vocabularies import SpecialIds
from dlcli.errors import UsageError
from dlcli.export import destination, requirements, weights
from dlcli.export.model_card import model_card
from dlcli.export.options import Export
from dlcli.export.tokenizer_files import tokenizer_files
from dlcli.files import as_json
from dlcli.options.fields import flag
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use", "dtype")
FOLDER = True
# Options of which a layout may have some.
_SIZES = {"kv_heads", "head_dim", "rope_base", "rope_scaling", "qkv_bias", "norm_epsilon", "tie_embeddings"}
_VARIANTS = {*_SIZES, "separate_tokenizers"}
_ALLOWED = {"gpt2": {"norm_epsilon"}, "bert": {"norm_epsilon"}, "qwen3": _SIZES}
_LAYOUTS = {
    ("decoder", "gpt2"): "gpt2",
    ("decoder", "modern"): "qwen3",
    ("decoder", "llama"): "qwen3",
    ("encoder", "bert"): "bert",
    ("decoder", "original"): "marian",
    ("encoder-decoder", "original"): "marian",
    ("encoder-decoder", "marian"): "marian",
}


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the transformers library has no model with the layout of the run."""
    requirements.technique(options, run, "transformer")
    shape, preset = run.options.shape, run.options.preset
    if (shape, preset) not in _LAYOUTS:
        fitting = [name for there, name in _LAYOUTS if there == shape]
        hint = "--format safetensors exports the weights of any run"
        if fitting:
            hint = f"a run of --preset {' or '.join(fitting)} has one; {hint}"
        raise UsageError(f"no model of Hugging Face has the layout of --shape {shape} --preset {preset}", hint=hint)
    for name in _VARIANTS - _ALLOWED.get(_LAYOUTS[shape, preset], set()):
        if getattr(run.options, name) != type(run.options).model_fields[name].default:
            raise UsageError(f"no model of Hugging Face has the layout of --preset {preset} with {flag(name)}")


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the folder; return its files, the class that loads it and the number of parameters."""
    from safetensors.numpy import save

    network, shape = run.learner.trained_model(), run.options.shape
    layout = discovery.load("dlcli.export.layouts", _LAYOUTS[shape, run.options.preset])
    tensors = weights.cast(layout.tensors(network), options.dtype)
    config = {**layout.config(network), "dtype": options.dtype}
    context = (network.decoder if shape == "encoder-decoder" else network.stack).config.context
    tokenizer = run.facts.load()
    special = tokenizer.special
    first = special.start if shape == "encoder-decoder" else special.first
    ids = {"bos_token_id": first, "eos_token_id": special.end, "pad_token_id": special.padding}
    config |= {name: value for name, value in ids.items() if tokenizer.kind == "imported" or name in config}
    files = {
        "config.json": as_json(config, indent=2).encode(),
        **({} if shape == "encoder" else {"generation_config.json": _generation(shape, ids, special, context)}),
        "model.safetensors": save(tensors, metadata={"format": "pt"}),
        **tokenizer_files(tokenizer, first=first, max_length=context),
        "README.md": model_card(run, config).encode(),
    }
    parameters = sum(array.size for array in tensors.values())
    details = {"model": config["architectures"][0], "parameters": parameters}
    return destination.write_folder(options.out, files), details


def _generation(shape: str, ids: dict[str, int], special: SpecialIds, context: int) -> bytes:
    """Return `generation_config.json`: special tokens, and the tokens that dlcli never generates."""
    suppressed = special.never_generated if shape == "decoder" else sorted({special.unknown, special.start})
    if shape == "encoder-decoder":
        ids = {**ids, "decoder_start_token_id": special.start}
    return as_json({**ids, "max_length": context, "suppress_tokens": suppressed}, indent=2).encode()
