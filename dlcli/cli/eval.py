"""`dlcli eval RUN`: measures a run on the test split."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dlcli import techniques
from dlcli.cli import output, progress
from dlcli.cli.bridge import Call, validate
from dlcli.errors import UsageError
from dlcli.folders import find, technique_of
from dlcli.options import EvalOptions

MODELS = "eval"
OF = "eval"
EXAMPLES = "[dim]$ dlcli eval cnn[/]\n\n[dim]$ dlcli eval cnn --json | jq .accuracy.value[/]"
Common = EvalOptions


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run and let its technique measure it."""
    folder = find(given["run"])
    technique = technique_of(folder)
    model = techniques.options(technique, "eval")
    for name in given:
        if name not in model.model_fields:
            raise UsageError(f"--{name.replace('_', '-')} is no option of eval for a run of {technique}")
    options = validate(model, {**given, "run": str(folder)})
    with progress.importing():
        from dlcli.engine.devices import prepare
    if "device" in model.model_fields:
        prepare(options.device)
    with progress.working("measuring"):
        measured = import_module(f"dlcli.techniques.{technique}.eval").evaluate(options)
    output.write(measured, call)
