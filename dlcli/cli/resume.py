"""`dlcli resume RUN`: goes on with a run, in its folder."""

from __future__ import annotations

from typing import Any

from dlcli import techniques
from dlcli.cli import progress
from dlcli.cli.typer_options import Call, validate
from dlcli.errors import UsageError
from dlcli.formats import command_line
from dlcli.interrupts import handled
from dlcli.options.common import Options, RunArgument
from dlcli.options.fields import flag
from dlcli.techniques.opening import open_run

MODELS = "train"
OF = "resume"
EXAMPLES = ("dlcli resume cnn", "dlcli resume runs/cnn-digits-20261122-141503 --steps 4000")
USUAL = ("run", "steps", "epochs", "max_time", "patience", "learning_rate", "validate_every", "save_every", "device")


class Common(Options):
    """What a run of any technique is resumed by; further options change those of the run."""

    run: RunArgument


def run(given: dict[str, Any], call: Call) -> None:
    """Find the run, apply the changes, and train on."""
    run = open_run(given.pop("run"))
    folder, technique = run.folder, run.technique
    if "out" in given:
        raise UsageError(f"--out cannot change: a run is resumed in its own folder, {folder}")
    if "name" in given:
        hint = command_line("runs", "rename", folder, given["name"])
        raise UsageError(f"--name cannot change on resume, which keeps the folder {folder}", hint=hint)
    with progress.importing():
        from dlcli import engine
    learner = techniques.learner(technique)
    before = run.files.read("options.json", learner.Options)
    for name in given:
        if name not in learner.Options.model_fields:
            raise UsageError(f"{flag(name)} is no option of train {technique}")
    kept = before.model_dump(exclude={"steps", "epochs"} if "epochs" in given else {"epochs"})
    after = validate(learner.Options, {**kept, **given}, flags=given, kept=kept.keys() - given.keys())
    with handled() as signals:
        changes = {name: getattr(after, name) for name in given}
        ended = progress.show(engine.resume(learner, folder, changes, lambda at: signals.caught), signals)
        progress.finish(ended, technique, call)
