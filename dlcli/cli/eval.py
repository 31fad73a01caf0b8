"""`dlcli eval RUN`: evaluates a run on the test split."""

from __future__ import annotations

from typing import Any

from dlcli import api, techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.options.common import EvalOptions
from dlcli.options.fields import flag
from dlcli.techniques import opening
from dlcli.validation import validate

OPTIONS_OF = "eval"  # verb whose options of all techniques the command has
SHORT_HELP = ()  # options that `--help` shows; (): all that are not rare


class Common(EvalOptions):
    """Options of every technique."""

    examples = ("dlcli eval cnn", "dlcli eval cnn --json | jq .accuracy.value")


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run and evaluate it."""
    run = opening.open_run(given["run"], use=given.get("use", "best"))
    model = techniques.options(run.technique, "eval")
    for name in given:
        if name not in model.model_fields:
            raise UsageError(f"{flag(name)} is not an option of eval for a run of {run.technique}")
    options = validate(model, {**given, "run": str(run.folder)}, flags=given)
    opening.require(options, run, "eval")
    progress.load_jax()
    with progress.working("measuring"):
        found: Table = api.perform("eval", options, run)
    output.write(found, call)
