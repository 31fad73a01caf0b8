"""Import a model of another tool as a run: `dlcli import PATH`."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli import api, formats, importing
from dlcli.cli import console, next_commands, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.importing.options import FORMATS, Import
from dlcli.runs import new


def commands() -> Iterator[verbs.Entry]:
    """Yield the command; its help ends with the formats."""
    yield verbs.of_model(Import, run, epilog=verbs.modules(FORMATS))


def run(options: Import, call: Call) -> None:
    """Import the model; print the run folder, and what was not used or is new."""
    api.refuse_name(options)
    new.require_free(options)
    with progress.working(f"reading {options.path}"):
        found = importing.read(options)
    progress.load_jax()
    from dlcli.importing.run_folder import write

    with progress.working("writing the run"):
        written = write(found, options)
    if call.json:
        console.print_json(written.described())
        return
    err = console.err()
    err.print(console.plain(f"{written.technique}: {formats.count(written.parameters)} parameters"), soft_wrap=True)
    if written.new:
        err.print(console.plain(f"not in the file: {formats.parameters(written.new)}"), soft_wrap=True)
    for each in written.unused:
        err.print(console.plain(f"not used: {each}"), soft_wrap=True)
    lines = [formats.command_line(*words, "--run", written.folder) for words in found.commands]
    if not lines:
        every = next_commands.next_commands(written.folder, written.technique)
        lines = [line for line in every if " learning-curves " not in line]  # it has none
    progress.print_next(written.folder, lines)
