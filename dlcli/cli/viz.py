"""Draw a figure of a concept or of a trained run: `dlcli viz FIGURE`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcli import api, figures
from dlcli.cli import output, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import DiskError
from dlcli.paths import is_creatable


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per figure."""
    return verbs.of_models(figures.catalogue(), run)


def run(name: str, options: Any, call: Call) -> None:
    """Draw the figure; by default into the folder of its run, or here where it has none or several."""
    options, trained = figures.opened(name, options)
    with progress.importing():
        from dlcli.plot.page.files import check
    if options.out:
        check(options.out, animated=options.animated)
    path = options.out or _home(options) / f"{name}.png"
    if not options.out and not is_creatable(path.parent):
        raise DiskError(f"{path.parent} cannot be written to", hint=f"--out {name}.png writes it to another folder")
    with progress.working("drawing"):
        figure = api.draw_figure(name, options, trained)
    output.write(figure, call, path, show=options.show, full=options.full)


def _home(options: Any) -> Path:
    match getattr(options, "run", None):
        case str(folder) | (folder,):
            return Path(folder) / "figures"
    return Path()
