"""The model card of a Hugging Face folder: what was trained, how well, and how to load it."""

from __future__ import annotations

from typing import Any

from dlcli import __version__, formats
from dlcli.options.fields import flag
from dlcli.runs.trained import TrainedRun

_IGNORED = {"out", "name", "data_dir", "device"}
_TASKS = {
    "decoder": ("text-generation", "AutoModelForCausalLM", "[tokenizer.bos_token_id, *tokens]"),
    "encoder": ("feature-extraction", "AutoModel", "tokens"),
    "encoder-decoder": ("translation", "MarianMTModel", "tokens"),
}


def model_card(run: TrainedRun, config: dict[str, Any]) -> str:
    """Return `README.md`: front matter, description, metrics, options and code that loads the model."""
    info, options = run.files.info(), run.files.raw("options.json")
    task, loader, inputs = _TASKS[options["shape"]]
    metrics = info.ended.best if info.ended else {}
    chosen = {name: value for name, value in options.items() if name not in _IGNORED and value is not None}
    lines = [
        *("---", "library_name: transformers", f"pipeline_tag: {task}", "tags: [dlcli]", "---", ""),
        *(f"# {run.folder.absolute().name}", ""),
        f"A transformer ({options['shape']}, preset {options['preset']}) trained with dlcli {__version__} on"
        f" `{formats.printable(info.data.dataset)}`, in the layout of `{config['architectures'][0]}`.",
        *("", "## Use", "", "```python", *_usage(loader, inputs).splitlines(), "```", ""),
        *("## Validation metrics", "", "| metric | value |", "|---|---|"),
        *(f"| {name} | {value:.4g} |" for name, value in metrics.items() if value is not None),
        *("", "## Training options", "", "| option | value |", "|---|---|"),
        *(f"| `{flag(name)}` | {_cell(formats.option(name, value))} |" for name, value in chosen.items()),
    ]
    return "\n".join(lines) + "\n"


def _usage(loader: str, inputs: str) -> str:
    if loader == "AutoModel":
        return (
            "from transformers import AutoModel, AutoTokenizer\n\n"
            'tokenizer = AutoTokenizer.from_pretrained(".")\n'
            'model = AutoModel.from_pretrained(".")\n'
            'states = model(**tokenizer("TEXT", return_tensors="pt")).last_hidden_state  # their mean is the vector'
        )
    return (
        "import torch\n"
        f"from transformers import AutoTokenizer, {loader}\n\n"
        'tokenizer = AutoTokenizer.from_pretrained(".")\n'
        f'model = {loader}.from_pretrained(".")\n'
        'tokens = tokenizer.encode("TEXT", add_special_tokens=False)\n'
        f"generated = model.generate(torch.tensor([{inputs}]))\n"
        "print(tokenizer.decode(generated[0], skip_special_tokens=True))"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
