"""Run a controlled experiment of many small runs: `dlcli study STUDY`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlcli import studies
from dlcli.artifacts import Figure, Table
from dlcli.cli import console, output, progress, verbs
from dlcli.cli.display import Display
from dlcli.cli.typer_options import Call
from dlcli.interrupts import exit_message
from dlcli.runs.trials import storage

_SHOWN = ("loss", "accuracy", "frechet_distance")  # of the metrics of a cell


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per study."""
    return verbs.of_models(studies.catalogue(), run)


def run(name: str, options: Any, call: Call) -> None:
    """Run the study with one line per cell on standard error, then print its table and draw its figure."""
    if options.storage:
        storage.require(options.storage)
    with progress.importing():
        from dlcli.engine.devices import prepare
        from dlcli.plot.page.files import save
        from dlcli.studies.cells import Report
        from dlcli.studies.helpers import helping
    prepare(options.device)
    message = "finished cells are saved; the same command continues the study"
    with exit_message(message), Display(console.err()) as display, helping(name, options):
        *_, report = _shown(studies.run(name, options), display)
    assert isinstance(report, Report)
    figures = [report.figure, *report.more]
    paths = [report.folder / f"{figure.name}.png" for figure in figures]
    for figure, path in zip(figures, paths, strict=True):
        save(figure.drawing, path)
    _show(report.table, figures, paths, options, call)


def _shown(events: Iterable[Any], display: Display) -> Iterator[Any]:
    """Yield the events of a study, and print one line per cell."""
    from dlcli.studies.cells import Cell

    for event in events:
        if isinstance(event, Cell):
            display.print(_line(event))
        yield event


def _show(table: Table, figures: Sequence[Figure], paths: Sequence[Path], options: Any, call: Call) -> None:
    if call.json:
        more = {"more_files": [str(path) for path in paths[1:]]} if paths[1:] else {}
        console.print_json({"folder": str(paths[0].parent), "file": str(paths[0]), **more, **table.numbers})
        return
    output.write(table, call)
    for figure, path in zip(figures, paths, strict=True):
        if options.show:
            output.sketch(figure.sketch)
        console.write(path)


def _line(cell: Any) -> str:
    place = f"{cell.number} of {cell.count}  {console.plain(cell.name)}"
    if "diverged" in cell.result:
        return f"{place}  diverged"
    cached = "  [dim]cached[/]" if cell.cached else ""
    validation = cell.result["validation"]
    metrics = (f"{name.replace('_', ' ')} {validation[name]:.4f}" for name in _SHOWN if name in validation)
    return "  ".join([f"{place}  validation", *metrics]) + cached
