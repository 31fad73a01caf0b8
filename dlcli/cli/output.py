"""Writes artifacts: to files, to the terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table as Grid
from rich.text import Text as RichText

from dlcli.artifacts import Artifact, Figure, Images, Prediction, Table, Text
from dlcli.cli import console
from dlcli.cli.bridge import Call

_SKETCHED = 16  # images of a batch that the terminal shows


def write(artifact: Artifact, call: Call, out: Path | None = None, *, show: bool = True) -> None:
    """Show an artifact on standard output, or its numbers with `--json`; save it where it is a picture."""
    match artifact:
        case Table():
            if call.json:
                console.print_json(artifact.numbers)
            else:
                if artifact.title:
                    console.out().print(f"[bold]{artifact.title}[/]", soft_wrap=True)
                console.out().print(table(artifact))
        case Figure():
            _write_figure(artifact, call, out, show=show)
        case Text():
            print("\n".join(artifact.lines))
        case Images():
            _write_images(artifact, call, out, show=show)


def table(artifact: Table) -> Grid:
    """Return a table for rich; numbers stand to the right."""
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(artifact.columns):
        cells = [row[index] for row in artifact.rows]
        grid.add_column(name, justify="right" if cells and all(map(_is_number, cells)) else "left")
    for row in artifact.rows:
        grid.add_row(*map(_cell, row))
    return grid


def print_predictions(predictions: Sequence[Prediction]) -> None:
    """Print a row an input: its likeliest answers with their probabilities."""
    most = max(len(each.answers) for each in predictions)
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    for name in ["input", "answer", *[""] * (most - 1)]:
        grid.add_column(name, overflow="fold")
    for each in predictions:
        grid.add_row(each.source, *(f"{label} [dim]{share:.1%}[/]" for label, share in each.answers))
    console.out().print(grid)


def _write_figure(figure: Figure, call: Call, out: Path | None, *, show: bool) -> None:
    from dlcli.plot.files import moves, save

    path = out or Path(f"{figure.name}.png")
    save(figure.animation() if figure.animation and moves(path) else figure.drawing, path)
    if call.json:
        console.print_json({"figure": figure.name, "file": str(path), **figure.numbers})
        return
    if show:
        _print_sketch(figure.sketch)
    print(path)


def _write_images(images: Images, call: Call, out: Path | None, *, show: bool) -> None:
    from dlcli.plot import grids, terminal
    from dlcli.plot.files import save
    from dlcli.plot.tiles import album

    path = out or Path("images.png")
    grid = album(images.pixels, images.captions, title=images.title, columns=images.columns)
    save(grids.draw(grid), path)
    if call.json:
        count, captions = len(images.pixels), list(images.captions)
        console.print_json({"file": str(path), "count": count, "captions": captions, **images.numbers})
        return
    if show:
        _print_sketch(lambda width, colour: terminal.album(grid, most=_SKETCHED, width=width, colour=colour))
    print(path)


def _print_sketch(sketch: Callable[[int, bool], Sequence[str]]) -> None:
    # Through rich, which brings 24-bit colours down to what the terminal can show.
    width, colour = console.canvas()
    console.out().print(RichText.from_ansi("\n".join(sketch(width, colour))), soft_wrap=True)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) or (isinstance(cell, str) and cell[:1].isdigit())


def _cell(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
