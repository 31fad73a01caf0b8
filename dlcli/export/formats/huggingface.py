"""A transformer as a model folder of Hugging Face: GPT-2, Qwen3 or Marian, with its tokenizer and a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli import discovery
from dlcli.data.text.tokenizers import END, PADDING, START, UNKNOWN
from dlcli.errors import UsageError
from dlcli.export import destination, requirements, weights
from dlcli.export.model_card import model_card
from dlcli.export.options import Export
from dlcli.export.tokenizer_files import tokenizer_files
from dlcli.files import as_json
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use", "dtype")
FOLDER = True
_LAYOUTS = {
    ("decoder", "gpt2"): "gpt2",
    ("decoder", "modern"): "qwen3",
    ("decoder", "original"): "marian",
    ("encoder-decoder", "original"): "marian",
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


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the folder; return its files, the class that loads it and the number of parameters."""
    from safetensors.numpy import save

    network, shape = run.learner.trained_model(), run.options.shape
    layout = discovery.load("dlcli.export.layouts", _LAYOUTS[shape, run.options.preset])
    tensors = weights.cast(layout.tensors(network), options.dtype)
    config = {**layout.config(network), "dtype": options.dtype}
    context = (network.stack if shape == "decoder" else network.decoder).config.context
    first = END if shape == "decoder" else START
    files = {
        "config.json": as_json(config, indent=2).encode(),
        "generation_config.json": as_json(_generation(shape, first, context), indent=2).encode(),
        "model.safetensors": save(tensors, metadata={"format": "pt"}),
        **tokenizer_files(run.facts.load(), first=first, max_length=context),
        "README.md": model_card(run, config).encode(),
    }
    parameters = sum(array.size for array in tensors.values())
    details = {"model": config["architectures"][0], "parameters": parameters}
    return destination.write_folder(options.out, files), details


def _generation(shape: str, first: int, context: int) -> dict[str, Any]:
    """Return `generation_config.json`: special tokens, and the tokens that dlcli never generates."""
    suppressed = (PADDING, UNKNOWN, START) if shape == "decoder" else (UNKNOWN, START)
    found = {"bos_token_id": first, "eos_token_id": END, "pad_token_id": PADDING}
    if shape == "encoder-decoder":
        found["decoder_start_token_id"] = START
    return {**found, "max_length": context, "suppress_tokens": list(suppressed)}
