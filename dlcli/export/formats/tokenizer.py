"""The tokenizer of a text run, as a folder for `AutoTokenizer` of Hugging Face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli.errors import UsageError
from dlcli.export import destination
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ()
FOLDER = True


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run has no tokenizer."""
    if run.technique != "tokenizer" and "tokenizer" not in run.files.raw("facts.json"):
        raise UsageError(f"--format tokenizer needs a run of text with a tokenizer, got one of {run.technique}")
    if getattr(run.options, "separate_tokenizers", False):
        raise UsageError("--format tokenizer writes one tokenizer, and the run has --separate-tokenizers")


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the folder; return its files and the size of the vocabulary."""
    from dlcli.data.text import tokenizers
    from dlcli.export.tokenizer_files import tokenizer_files

    tokenizer = tokenizers.load(run.folder) if run.technique == "tokenizer" else run.facts.load()
    written = destination.write_folder(options.out, tokenizer_files(tokenizer))
    return written, {"tokenizer": tokenizer.kind, "vocabulary": len(tokenizer)}
