"""`dlcli train TECHNIQUE` for techniques that take no gradient steps."""

from __future__ import annotations

import shutil
from typing import Any

from dlcli import formats, techniques
from dlcli.artifacts import Table
from dlcli.cli import console, next_commands, output, progress
from dlcli.cli.typer_options import Call
from dlcli.options.common import DirectOptions


def run(technique: str, options: DirectOptions, call: Call) -> None:
    """Train a new run in one go, or with `--plan` say what that would be."""
    with progress.importing():
        from dlcli.engine import direct

        trainer = techniques.trainer(technique)
    with progress.working(f"reading {options.dataset}"):
        begun = direct.begin(technique, trainer, options)
    if call.plan:
        return _plan(begun, call)
    err = console.err()
    err.print(f"{console.plain(options.dataset)} ({_sizes(begun.data)})", soft_wrap=True)
    with progress.working("training"):
        done = direct.finish(trainer, begun)
    if call.json:
        console.print_json(direct.summary(done))
    line = progress.metrics_line(done.validation)
    err.print(f"[bold]trained[/] in {formats.duration(done.seconds)}  validation  {line}", soft_wrap=True)
    err.print(f"saved in {console.plain(done.folder)}; next:", soft_wrap=True)
    for command in next_commands.next_commands(done.folder, technique):
        err.print(f"  {console.plain(command)}", soft_wrap=True)


def _plan(begun: Any, call: Call) -> None:
    """Print the resolved options, where each came from, and what the run would read and write."""
    resolved = begun.options.model_copy(update={"out": begun.folder, "name": None}).model_dump(mode="json")
    origins = {
        name: "chosen now" if name == "out" and call.origins[name] == "default" else call.origins[name]
        for name in resolved
    }
    there = next(each for each in [begun.folder, *begun.folder.absolute().parents] if each.exists())
    free = shutil.disk_usage(there).free
    rows: list[tuple[Any, ...]] = [
        (f"--{name.replace('_', '-')}", value, origins[name]) for name, value in resolved.items()
    ]
    rows += [("", "", ""), ("data", _sizes(begun.data), ""), ("free on disk", f"{free / 2**30:.1f} GiB", "")]
    numbers = {"sizes": dict(begun.data.sizes), "free_bytes": free, "options": resolved, "origins": origins}
    output.write(Table(f"train {begun.technique} would do this", ["what", "value", "from"], rows, numbers), call)


def _sizes(data: Any) -> str:
    return ", ".join(f"{size:,} {name}" for name, size in data.sizes.items())
