"""`dlcli viz FIGURE`: draws a figure into a file and, small, into the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli import figures
from dlcli.cli import output, progress
from dlcli.cli.reading import run_of
from dlcli.cli.typer_options import Call
from dlcli.errors import DiskError
from dlcli.paths import is_creatable
from dlcli.runs.lookup import find


def run(name: str, options: Any, call: Call) -> None:
    """Draw the figure; by default into the folder of its run, or here where it has none or several."""
    with progress.importing():
        from dlcli.engine.devices import prepare
        from dlcli.plot.page.files import check
    if options.out:
        check(options.out, animated=options.animated)
    options = _with_folders(name, options, call)
    if "device" in type(options).model_fields:
        prepare(options.device)
    path = options.out or _home(options) / f"{name}.png"
    if not options.out and not is_creatable(path.parent):
        raise DiskError(f"{path.parent} cannot be written to", hint=f"--out {name}.png draws it into a file of yours")
    with progress.working("drawing"):
        figure = figures.draw(name, options)
    output.write(figure, call, path, show=options.show, full=options.full)


def _with_folders(figure: str, options: Any, call: Call) -> Any:
    """Replace the run by its folder, or each of several; a figure without a run has None."""
    match getattr(options, "run", None):
        case None:
            return options
        case str(name):
            found: Any = str(run_of(name, options.technique, f"viz {figure}", options, call))
        case names:
            found = tuple(str(find(each, options.technique, f"viz {figure}")) for each in names or ("",))
    return options.model_copy(update={"run": found})


def _home(options: Any) -> Path:
    match getattr(options, "run", None):
        case str(folder) | (folder,):
            return Path(folder) / "figures"
    return Path()
