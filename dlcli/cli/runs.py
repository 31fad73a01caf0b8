"""List, show, compare, rename and remove runs: `dlcli runs COMMAND`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from dlcli import formats, techniques
from dlcli.artifacts import Table
from dlcli.cli import console, output, progress, runs_table, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import RunError, UsageError
from dlcli.export import destination
from dlcli.files import size_text
from dlcli.formats import printable
from dlcli.options.common import Cli, Options, RunArgument
from dlcli.options.fields import flag
from dlcli.options.values import run_name
from dlcli.paths import runs_folder
from dlcli.runs import changes
from dlcli.runs.description import described, differing
from dlcli.runs.folder import RunFolder
from dlcli.runs.index import all_runs, summaries
from dlcli.runs.lookup import find, list_runs, shown_name
from dlcli.runs.summary import Summary, summarize
from dlcli.trackers import export as tracker_export
from dlcli.trackers.options import ExportLog
from dlcli.trackers.service import require

_YES = frozenset({"y", "yes"})


class List(Options):
    """List the runs under runs/, the latest last."""

    all: Annotated[bool, Field(description="List also runs in subfolders, and the trials below studies/.")] = False
    technique: Annotated[str, Field(description="List only runs of this technique.")] = ""


class Show(Options):
    """Show a run: how it ended, its best validation, its options."""

    run: RunArgument


class Compare(Options):
    """Compare runs: best validation metrics, and options that differ."""

    runs: Annotated[
        list[str], Field(description="Two or more runs."), Cli(metavar="RUN", complete="runs", argument=True)
    ]


class Rename(Options):
    """Rename a run; its folder stays where it is."""

    run: RunArgument
    name: Annotated[
        str,
        AfterValidator(run_name),
        Field(description="New name, without slashes."),
        Cli(metavar="NAME", argument=True),
    ]


class Note(Options):
    """Add a note to a run, which `runs list` and `runs show` print."""

    run: RunArgument
    text: Annotated[
        str,
        Field(max_length=1000, description="The note; an empty text removes it."),
        Cli(metavar="TEXT", argument=True),
    ]


class Remove(Options):
    """Remove runs: their folders with checkpoints and everything else."""

    runs: Annotated[
        list[str],
        Field(description="Runs to remove: folders, or names under runs/."),
        Cli(metavar="RUN", complete="runs", argument=True),
    ]
    yes: Annotated[bool, Field(description="Remove without asking.")] = False


def list_(options: List, call: Call) -> None:
    """Print a line for each run."""
    folders = all_runs(runs_folder(), Path("studies")) if options.all else list_runs()
    found = [each for each in summaries(folders) if options.technique in ("", each.technique)]
    if call.json:
        console.print_json({"runs": [_numbers(each) for each in found]})
    elif found:
        out = console.out()
        # Rich would take longer for thousands of lines than reading the runs.
        console.write("\n".join(runs_table.lines(found, out.width if out.is_terminal else None)))
    else:
        of = f" of {options.technique}" if options.technique else ""
        console.err().print(f"no runs{of} yet; train one first: dlcli train {options.technique or 'cnn'}")


def show(options: Show, call: Call) -> None:
    """Print the description and the options of a run."""
    folder = find(options.run)
    run = RunFolder(folder)
    summary, about, chosen = summarize(folder), run.raw("run.json"), run.raw("options.json")
    rows = [(name, value) for name, value in described(summary, about).items() if value not in ("", "–")]
    rows += [
        ("", ""),
        *((printable(flag(name)), formats.option(name, each)) for name, each in chosen.items() if each is not None),
    ]
    numbers = {**about, "run": str(folder), "state": summary.state, "options": chosen}
    output.write(Table(printable(folder), ["property", "value"], rows, numbers), call)


def compare(options: Compare, call: Call) -> None:
    """Print a column for each run."""
    folders = [find(name) for name in options.runs]
    summaries = [_numbers(summarize(folder)) for folder in folders]
    chosen = [RunFolder(folder).raw("options.json") for folder in folders]
    metrics = list(dict.fromkeys(name for each in summaries for name in each["best"]))
    rows: list[list[Any]] = [
        [printable(f"best {name}"), *(each["best"].get(name, "–") for each in summaries)] for name in metrics
    ]
    rows += [[name, *(each[name] for each in summaries)] for name in ("best step", "step", "parameters", "state")]
    rows.append(["took", *(formats.duration(each["seconds"]) for each in summaries)])
    names = differing(chosen)
    rows += [[printable(flag(name)), *(formats.option(name, each.get(name)) for each in chosen)] for name in names]
    numbers = {"runs": summaries, "differing": {name: [each.get(name) for each in chosen] for name in names}}
    output.write(Table("", ["", *(printable(folder.name) for folder in folders)], rows, numbers), call)


def rename(options: Rename, call: Call) -> None:
    """Rename the folder of a run."""
    folder = find(options.run)
    if options.name in techniques.names():
        raise UsageError(f"NAME must not be a technique, which stands for its latest run, got {options.name!r}")
    renamed = changes.rename(folder, options.name)
    if call.json:
        console.print_json({"run": str(renamed), "was": str(folder)})
    else:
        console.err().print(
            f"{console.plain(printable(folder))} is now {console.plain(printable(renamed))}", soft_wrap=True
        )


def note(options: Note, call: Call) -> None:
    """Write the note into `run.json`."""
    folder = find(options.run)
    changes.note(folder, options.text)
    if call.json:
        console.print_json({"run": str(folder), "note": options.text})


def remove(options: Remove, call: Call) -> None:
    """Remove the folders of runs after a confirmation."""
    folders = list(dict.fromkeys(map(_named, options.runs)))
    for folder in folders:
        changes.require_removable(folder)
    if not options.yes and not _confirmed(folders, call):
        console.err().print("nothing was removed")
        return
    for folder in folders:
        changes.remove(folder)
        if not call.json:
            console.err().print(f"removed {console.plain(printable(folder))}", soft_wrap=True)
    if call.json:
        console.print_json({"removed": [str(folder) for folder in folders]})


def export(options: ExportLog, call: Call) -> None:
    """Log runs in a tracker, or write their metrics as a table."""
    folders = list(dict.fromkeys(map(find, options.runs)))
    if options.to == "csv":
        return _export_table(folders, options, call)
    require(options.to)
    with progress.working("exporting"):
        places = [tracker_export.log(folder, options) for folder in folders]
    if call.json:
        console.print_json({"to": options.to, "runs": dict(zip(map(str, folders), places, strict=True))})
    else:
        for place in places:
            console.write(place)


def _export_table(folders: list[Path], options: ExportLog, call: Call) -> None:
    text = tracker_export.table(folders)
    if options.out is None:
        if call.json:
            raise UsageError("--json with --to csv needs --out, the file of the table")
        return console.write(text, end="")
    destination.check(options.out, folder=False, overwrite=True)
    destination.write_file(options.out, text.encode())
    if call.json:
        console.print_json({"to": options.to, "file": str(options.out), "runs": [str(folder) for folder in folders]})
    else:
        console.write(options.out)


def _named(name: str) -> Path:
    """Return the folder of a run; unlike elsewhere, a technique's name is not accepted for its latest run."""
    for folder in (Path(name), runs_folder() / name):
        if name and os.path.lexists(folder):
            return folder
    raise RunError(
        f"RUN must be the folder of a run or its name under {runs_folder()}, found none for {name!r}",
        hint="dlcli runs list shows all runs",
    )


def _confirmed(folders: list[Path], call: Call) -> bool:
    if call.json or not console.is_interactive():
        again = shlex.join(["dlcli", "runs", "remove", "--yes", "--", *map(str, folders)])
        raise UsageError("removing runs must be confirmed, but there is no terminal", hint=again)
    for folder in folders:
        size = size_text(changes.size(folder))
        console.err().print(f"  {console.plain(printable(folder))}  {size}", soft_wrap=True)
    what = "this run" if len(folders) == 1 else f"these {len(folders)} runs"
    console.err().print(f"Remove {what}? [bold]y[/]/[bold]N[/] ", end="")
    return input().strip().lower() in _YES


def _numbers(run: Summary) -> dict[str, Any]:
    """Return the JSON object of a run."""
    ended = run.info.ended
    return {
        "run": shown_name(run.folder),
        "technique": run.technique,
        "dataset": run.info.data.dataset,
        "parameters": run.info.parameters,
        "created": run.info.created,
        "state": run.state,
        "step": run.step,
        "ended": ended.reason if ended else None,
        "best step": ended.best_step if ended else None,
        "best": run.best,
        "seconds": run.seconds,
        "note": run.info.note,
    }


COMMANDS: dict[str, verbs.Command] = {
    "list": (List, list_),
    "show": (Show, show),
    "compare": (Compare, compare),
    "export": (ExportLog, export),
    "rename": (Rename, rename),
    "note": (Note, note),
    "remove": (Remove, remove),
}


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per row of `COMMANDS`."""
    for name, (model, run) in COMMANDS.items():
        yield verbs.of_model(model, run, name)
