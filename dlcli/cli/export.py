"""Export a run to a format of another tool: `dlcli export RUN --format F --out PATH`."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli import api, export
from dlcli.cli import console, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.export.options import FORMATS, Export
from dlcli.techniques import opening


def commands() -> Iterator[verbs.Entry]:
    """Yield the command; its help ends with the formats."""
    yield verbs.of_model(Export, run, epilog=verbs.modules(FORMATS))


def run(options: Export, call: Call) -> None:
    """Export the run, and print the paths of the files."""
    options, trained = opening.opened(options, "", "export")
    export.check(options, trained)
    progress.load_jax()
    with progress.working("exporting"):
        exported = api.export_run(options, trained)
    if call.json:
        console.print_json(exported.described())
        return
    for name, value in exported.details.items():
        console.err().print(console.plain(f"{name.replace('_', ' ')}: {_shown(value)}"), soft_wrap=True)
    for path in exported.files:
        console.write(path)


def _shown(value: object) -> str:
    """Return a detail as text: the names and values of a dictionary, or the items of a list, separated by commas."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
