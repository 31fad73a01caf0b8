"""Evaluate a run on the test split: `dlcli eval RUN`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlcli import api, techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.options.common import EvalOptions
from dlcli.techniques import opening


class Common(EvalOptions):
    """Options of every technique."""

    examples = ("dlcli eval cnn", "dlcli eval cnn --json | jq .accuracy.value")


def commands() -> Iterator[verbs.Entry]:
    """Yield the command, with the options of all techniques."""
    return verbs.of_any_run("eval", Common, run)


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run and evaluate it."""
    run = opening.open_run(given["run"], use=given.get("use", "best"))
    opening.require_known(techniques.options(run.technique, "eval"), given, f"eval {run.technique}")
    options = opening.options_of(run, "eval", given, flags=given)
    progress.load_jax()
    with progress.working("measuring"):
        found: Table = api.perform("eval", options, run)
    output.write(found, call)
