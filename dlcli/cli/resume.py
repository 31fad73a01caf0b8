"""`dlcli resume RUN`: continues a run in its folder."""

from __future__ import annotations

from typing import Any

from dlcli import techniques
from dlcli.cli import progress, several
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.formats import command_line
from dlcli.interrupts import handled
from dlcli.options.common import Options, RunArgument
from dlcli.options.fields import flag
from dlcli.techniques.opening import open_run
from dlcli.validation import validate

OPTIONS_OF = "train"  # verb whose options of all techniques the command has
# Options that `--help` shows.
SHORT_HELP = (
    "run",
    "steps",
    "epochs",
    "max_time",
    "patience",
    "learning_rate",
    "validate_every",
    "save_every",
    "device",
)


class Common(Options):
    """Options of every technique; the others change options of the run."""

    examples = ("dlcli resume cnn", "dlcli resume runs/cnn-digits-20261122-141503 --steps 4000")
    run: RunArgument


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run, apply the changes and continue training."""
    run = open_run(given.pop("run"))
    folder, technique = run.folder, run.technique
    if "out" in given:
        raise UsageError(f"--out cannot change on resume, which continues in {folder}")
    if "name" in given:
        hint = command_line("runs", "rename", folder, given["name"])
        raise UsageError(f"--name cannot change on resume, which continues in {folder}", hint=hint)
    with progress.importing():
        from dlcli import engine
    several.connect()
    learner = techniques.learner(technique)
    before = run.files.read("options.json", learner.Options)
    for name in given:
        if name not in learner.Options.model_fields:
            raise UsageError(f"{flag(name)} is not an option of train {technique}")
    kept = before.model_dump(exclude={"steps", "epochs"} if "epochs" in given else {"epochs"})
    after = validate(learner.Options, {**kept, **given}, flags=given, kept=kept.keys() - given.keys())
    with handled() as signals:
        changes = {name: getattr(after, name) for name in given}
        ended = progress.show(engine.resume(learner, folder, changes, lambda at: signals.caught), signals)
        progress.finish(ended, technique, call)
