"""Writes artifacts: to files, to the terminal, or as JSON."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

from rich.table import Table as Grid
from rich.text import Text as RichText

from dlcli import formats
from dlcli.artifacts import Artifact, Figure, Images, Prediction, Sketch, Table, Text, Tokenization
from dlcli.cli import console
from dlcli.cli.typer_options import Call
from dlcli.errors import UserError

# What a number beside an answer is, where its name does not say it.
_EXPLAINED = {
    "score": "score: log-probability in nats, length-normalized: divided by ((5 + tokens) / 6)^0.6; higher is better"
}
_TALLEST = 48  # lines of a picture without --full: two screens of 24 lines
# An escape that begins none of the colours of a sketch: it came with a name.
_FOREIGN = re.compile(r"\x1b(?!\[(?:0|[34]8;2;[0-9;]+)m)")
# What stands to the right in a table: a number with a sign, a bound or a unit, two joined by a dash, or none.
_ONE = r"[<>±~]? ?[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( ?[%×a-zµ]{1,3})?( \*)?"
_NUMBER = re.compile(rf"{_ONE}( – {_ONE})?|[–∞]|none")


def write(artifact: Artifact, call: Call, out: Path | None = None, *, show: bool = True, full: bool = False) -> None:
    """Show an artifact on standard output, or its numbers with `--json`; save it where it is a picture.

    Args:
        artifact: what a subject returned.
        call: how it was called.
        out: the file of a picture.
        show: whether a picture is drawn into the terminal too.
        full: whether all of it is, however many lines that takes.
    """
    match artifact:
        case Table():
            if call.json:
                console.print_json(artifact.numbers)
            else:
                _write_table(artifact)
        case Figure():
            _write_figure(artifact, call, out, show=show, full=full)
        case Text():
            console.write("\n".join(artifact.lines))
        case Images():
            _write_images(artifact, call, out, show=show, full=full)


def _write_table(artifact: Table) -> None:
    """Print a table and those below it."""
    out = console.out()
    if artifact.title:
        heading = bool(artifact.columns)  # else it is a remark, which may be long
        out.print(RichText(artifact.title, "bold" if heading else ""), soft_wrap=heading)
    if artifact.columns:
        out.print(table(artifact))
    for part in artifact.below:
        if part.columns:
            out.print()
        _write_table(part)


def fail(error: UserError, call: Call) -> NoReturn:
    """Raise an error that what was written to standard output tells too."""
    error.reported = call.json
    raise error


def table(artifact: Table) -> Grid:
    """Return a table for rich; the numbers of a column are written alike and stand to the right."""
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    cells = [_column([row[index] for row in artifact.rows]) for index in range(len(artifact.columns))]
    for name, column in zip(artifact.columns, cells, strict=True):
        numbers = any(column) and all(map(_NUMBER.fullmatch, filter(None, column)))
        # A name is folded where there is no room for it, so that it can still be copied; a number is never cut.
        grid.add_column(console.plain(name), justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    for row in zip(*cells, strict=True):
        grid.add_row(*map(console.plain, row))
    return grid


def _column(cells: Sequence[Any]) -> list[str]:
    """Return the cells of a column as text."""
    if all(cell is None or type(cell) in (int, float) for cell in cells):
        return formats.column(cells)
    return [_cell(cell) for cell in cells]


def print_predictions(predictions: Sequence[Prediction | Tokenization]) -> None:
    """Print a row an input: its likeliest answers with their probabilities; or a block of tokens and their ids."""
    broken = [each for each in predictions if isinstance(each, Tokenization)]
    for number, each in enumerate(broken):
        if number:
            console.out().print()
        _print_pieces(each)
    answered = [each for each in predictions if isinstance(each, Prediction)]
    if answered:
        _print_answers(answered)


def _print_pieces(found: Tokenization) -> None:
    """Print the tokens of a text side by side, each with its id below it, in as many lines as they take."""
    from dlcli.plot.terminal.text import beside, columns, fit  # here, since `--help` needs no numpy

    out = console.out()

    @functools.cache  # a long text has the same tokens again and again
    def cell(piece: str, number: int) -> tuple[str, str]:
        width = max(columns(piece), len(str(number))) + 1
        return fit(piece, width), fit(str(number), width)

    @functools.cache
    def room(piece: str, number: int) -> int:
        return min(columns(cell(piece, number)[1]), out.width)

    for row in beside([room(*token) for token in found.tokens], out.width):
        pieces, numbers = zip(*(cell(*found.tokens[place]) for place in row), strict=True)
        out.print(RichText("".join(pieces).rstrip()), soft_wrap=True)
        out.print(RichText("".join(numbers).rstrip(), "dim"), soft_wrap=True)


def _print_answers(predictions: Sequence[Prediction]) -> None:
    """Print a row an input; a row an answer where the answers have no room side by side."""
    out, measure = console.out(), predictions[0].measure
    name = "probability" if measure == "log_probability" else measure.replace("_", " ")
    # Texts, not markup: a file or a class may be called "[b]".
    rows = [
        [RichText(console.visible(each.source))]
        + [RichText(cell) for label, n in each.answers for cell in (console.visible(label), _measured(n, each.measure))]
        for each in predictions
    ]
    widest = [max(cell.cell_len for cell in column) for column in zip_longest(*rows, fillvalue=RichText())]
    widest[2:3] = [max(len(name), *widest[2:3])]
    if sum(widest) + len(widest) - 1 > out.width:
        rows = [
            [row[0] if place == 1 else RichText(), *row[place : place + 2]]
            for row in rows
            for place in range(1, len(row), 2)
        ]
    out.print(_answers(rows, name))
    if explained := _EXPLAINED.get(measure):
        out.print(RichText(explained, "dim"), soft_wrap=True)


def _answers(rows: Sequence[Sequence[RichText]], measure: str) -> Grid:
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    grid.add_column("input", overflow="fold")
    for place in range(1, max(map(len, rows)), 2):
        first = place == 1
        grid.add_column("answer" if first else "", overflow="fold")
        grid.add_column(measure if first else "", justify="right", no_wrap=True, style="dim", header_style="not dim")
    for row in rows:
        grid.add_row(*row)
    return grid


def _measured(number: float, measure: str) -> str:
    """Write the number beside an answer; `--json` has all its digits."""
    match measure:
        case "probability":
            return formats.percent(number, places=1)
        case "log_probability":
            return formats.percent(math.exp(max(number, -700.0)), places=1)  # e^-800 would be 0
        case "count":
            return formats.count(number)
    return f"{number:.4f}"


def _write_figure(figure: Figure, call: Call, out: Path | None, *, show: bool, full: bool) -> None:
    from dlcli.plot.files import moves, save

    path = out or Path(f"{figure.name}.png")
    save(figure.animation() if figure.animation and moves(path) else figure.drawing, path)
    if call.json:
        console.print_json({"figure": figure.name, "file": str(path), **figure.numbers})
        return
    if show:
        sketch(figure.sketch, full=full)
    console.write(path)


def _write_images(images: Images, call: Call, out: Path | None, *, show: bool, full: bool) -> None:
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
        sketch(lambda width, colour, most=None: terminal.album(grid, width=width, colour=colour, most=most), full=full)
    console.write(path)


def sketch(draw: Sketch, *, full: bool = False) -> None:
    """Draw a sketch into the terminal, on two screens at most or in full."""
    # Through rich, which brings 24-bit colours down to what the terminal can show.
    lines = draw(*console.canvas(), None if full else _TALLEST)
    drawn = _FOREIGN.sub(r"\\x1b", "\n".join(lines))
    console.out().print(RichText.from_ansi(drawn), soft_wrap=True)


def _cell(cell: Any) -> str:
    if cell is None:
        return formats.MISSING
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
