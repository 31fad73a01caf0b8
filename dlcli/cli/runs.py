"""What has been trained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from dlcli.artifacts import Table
from dlcli.cli import output
from dlcli.cli.bridge import Call
from dlcli.errors import RunError
from dlcli.folders import Folder, find, list_runs
from dlcli.options import Cli, Options, RunArgument
from dlcli.warnings import warn

_QUIET = {"out", "data_dir", "device"}  # options that two runs may differ in without being different


class List(Options):
    """List the runs under runs/, the latest last."""

    technique: Annotated[str, Field(description="List the runs of this technique alone.")] = ""


class Show(Options):
    """Show a run: how it ended, its best validation, its options."""

    run: RunArgument


class Compare(Options):
    """Compare runs: best validation, and the options in which they differ."""

    runs: Annotated[
        list[str], Field(description="Two runs or more."), Cli(metavar="RUN…", complete="runs", argument=True)
    ]


def list_(options: List, call: Call) -> None:
    """Print a row a run."""
    found = []
    for folder in list_runs(options.technique):
        try:
            found.append(_summary(folder))
        except RunError as error:  # one spoilt folder must not hide the others
            warn(f"left out: {error}")
    columns = ["run", "technique", "dataset", "parameters", "step", "ended", "best"]
    rows = [
        [{**row, "dataset": _name(row["dataset"]), "best": _best(row)}[column] for column in columns] for row in found
    ]
    output.write(Table("", columns, rows, {"runs": found}), call)


def show(options: Show, call: Call) -> None:
    """Print what a run says of itself."""
    folder = find(options.run)
    about, chosen = Folder(folder).about(), _options(folder)
    rows = [
        (name, _flat(value))
        for name, value in {**_summary(folder), **about}.items()
        if name not in ("versions", "ended")
    ]
    rows += [(f"--{name.replace('_', '-')}", _flat(value)) for name, value in chosen.items()]
    output.write(Table(str(folder), ["what", "value"], rows, {**about, "run": str(folder), "options": chosen}), call)


def compare(options: Compare, call: Call) -> None:
    """Print a column a run."""
    folders = [find(name) for name in options.runs]
    summaries, chosen = [_summary(folder) for folder in folders], [_options(folder) for folder in folders]
    metrics = list(dict.fromkeys(name for each in summaries for name in each["best"]))
    rows: list[list[Any]] = [[f"best {name}", *(each["best"].get(name, "–") for each in summaries)] for name in metrics]
    rows += [
        [name, *(each[name] for each in summaries)] for name in ("best step", "step", "parameters", "seconds", "ended")
    ]
    names = list(dict.fromkeys(name for each in chosen for name in each if name not in _QUIET))
    differing = [name for name in names if len({json.dumps(each.get(name)) for each in chosen}) > 1]
    rows += [[f"--{name.replace('_', '-')}", *(_flat(each.get(name)) for each in chosen)] for name in differing]
    numbers = {"runs": summaries, "differing": {name: [each.get(name) for each in chosen] for name in differing}}
    output.write(Table("", ["", *(folder.name for folder in folders)], rows, numbers), call)


def _summary(folder: Path) -> dict[str, Any]:
    about = Folder(folder).about()
    ended = about.get("ended") or {}
    records = list(Folder(folder).records())
    return {
        "run": folder.name,
        "technique": about.get("technique", "?"),
        "dataset": about.get("data", {}).get("dataset", "?"),
        "parameters": about.get("parameters"),
        "step": ended.get("step", max((record["step"] for record in records), default=0)),
        "ended": ended.get("reason", "not yet, or killed"),
        "best step": ended.get("best_step"),
        "best": ended.get("best", {}),
        "seconds": ended.get("seconds"),
    }


def _options(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "options.json").read_text())
    return found


def _name(dataset: str) -> str:
    """Return a data set without the folders that it is in, for which a row has no room: folder:DATA, novel.txt."""
    return re.sub(r"[^:]*/", "", dataset.rstrip("/"))


def _best(row: dict[str, Any]) -> str:
    """Return the metric of the best validation that says most, as a row has room for one; `runs show` has all."""
    name = next((name for name in ("accuracy", "distance", "loss", *row["best"]) if name in row["best"]), None)
    return "–" if name is None else f"{name.replace('_', ' ')} {row['best'][name]:.4g}"


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


COMMANDS = {"list": (List, list_), "show": (Show, show), "compare": (Compare, compare)}
