"""`dlcli sample TECHNIQUE`: draws from a trained generative model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from dlcli.cli import output, progress
from dlcli.cli.bridge import Call


def run(technique: str, options: Any, call: Call) -> None:
    """Draw samples and show them; pictures go into a file here unless `--out` names another place."""
    with progress.importing():
        from dlcli.engine.devices import prepare
        from dlcli.engine.runs import find
        from dlcli.plot.files import check
    out = options.out or Path("sample.png")
    check(out)
    folder = find(options.run, technique)
    prepare(options.device)
    with progress.working("drawing"):
        sample = import_module(f"dlcli.techniques.{technique}.sample").sample
        artifact = sample(options.model_copy(update={"run": str(folder)}))
    output.write(artifact, call, out, show=options.show)
