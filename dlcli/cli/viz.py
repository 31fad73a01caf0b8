"""`dlcli viz FIGURE`: draws a figure into a file and, small, into the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli import figures
from dlcli.cli import output, progress
from dlcli.cli.bridge import Call
from dlcli.folders import find


def run(name: str, options: Any, call: Call) -> None:
    """Draw the figure; by default into the folder of its run, or here where it has none or several."""
    with progress.importing():
        from dlcli.engine.devices import prepare
        from dlcli.plot.files import check
    if options.out:
        check(options.out, animated=options.animated)
    options = _with_folders(options)
    if "device" in type(options).model_fields:
        prepare(options.device)
    with progress.working("drawing"):
        figure = figures.draw(name, options)
    output.write(figure, call, options.out or _home(options) / f"{name}.png", show=options.show, full=options.full)


def _with_folders(options: Any) -> Any:
    """Replace the run by its folder, or each of several; a figure without a run has None."""
    match getattr(options, "run", None):
        case None:
            return options
        case str(name):
            found: Any = str(find(name, options.technique))
        case names:
            found = tuple(str(find(each, options.technique)) for each in names or ("",))
    return options.model_copy(update={"run": found})


def _home(options: Any) -> Path:
    match getattr(options, "run", None):
        case str(folder) | (folder,):
            return Path(folder) / "figures"
    return Path()
