"""`dlcli eval RUN`: measures a run on the test split."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pathlib import Path
from typing import Any

from dlcli import techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress
from dlcli.cli.reading import any_run, refuse_idle
from dlcli.cli.typer_options import Call, validate
from dlcli.errors import UsageError
from dlcli.options.common import EvalOptions
from dlcli.options.fields import flag
from dlcli.runs.folder import RunFolder, technique_of

MODELS = "eval"
OF = "eval"
EXAMPLES = ("dlcli eval cnn", "dlcli eval cnn --json | jq .accuracy.value")
USUAL = ()  # options that `--help` shows, where not all
Common = EvalOptions


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run and let its technique measure it."""
    folder = any_run(given["run"])
    technique = technique_of(folder)
    model = techniques.options(technique, "eval")
    for name in given:
        if name not in model.model_fields:
            raise UsageError(f"{flag(name)} is no option of eval for a run of {technique}")
    options = validate(model, {**given, "run": str(folder)}, flags=given)
    refuse_idle(options, call, folder)
    with progress.importing():
        from dlcli.engine.devices import prepare
    if "device" in model.model_fields:
        prepare(options.device)
    with progress.working("measuring"):
        found: Table = import_module(f"dlcli.techniques.{technique}.eval").evaluate(options)
    output.write(_named(found, folder, options.dataset), call)


def _named(found: Table, folder: Path, dataset: str | None) -> Table:
    """Say of a table of measurements which run was measured, on which split of which data."""
    split = found.numbers.get("split") or found.title.partition(" ")[0] or "test"
    data = dataset or RunFolder(folder).raw("options.json").get("dataset")
    what = found.title or f"{split} split"
    numbers = {"run": str(folder), "dataset": data, "split": split, **found.numbers}
    return dataclasses.replace(found, title=f"{folder}: {what} of {data}", numbers=numbers)
