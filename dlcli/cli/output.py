"""Writes artifacts to files, to the terminal, or as JSON."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NoReturn

from rich.table import Table as Grid
from rich.text import Text as RichText

from dlcli import formats
from dlcli.artifacts import Artifact, Figure, Images, Prediction, Sketch, Table, Text, Tokenization, Vector
from dlcli.cli import console
from dlcli.cli.typer_options import Call
from dlcli.errors import UserError

# Explanations of measures whose name is not enough.
_EXPLAINED = {
    "score": "score: log-probability in nats, length-normalized: divided by ((5 + tokens) / 6)^P with P of "
    "--length-penalty; higher is better"
}
_MAX_LINES = 48  # of a picture without --full: two screens of 24 lines
# An escape that is not a colour of a sketch: it comes from a name in the data.
_FOREIGN = re.compile(r"\x1b(?!\[(?:0|[34]8;2;[0-9;]+)m)")


def write(artifact: Artifact, call: Call, out: Path | None = None, *, show: bool = True, full: bool = False) -> None:
    """Show an artifact on standard output, or its numbers with `--json`; save a picture to its file.

    Args:
        artifact: to write.
        call: of the command.
        out: file of a picture; None: named after the figure.
        show: whether to draw a picture in the terminal too.
        full: whether to draw all its lines, not only `_MAX_LINES`.
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
    """Print a table and the tables below it."""
    out = console.out()
    if artifact.title:
        heading = bool(artifact.columns)  # a title without columns is a remark, which may be long
        out.print(RichText(artifact.title, "bold" if heading else ""), soft_wrap=heading)
    if artifact.columns:
        out.print(table(artifact))
    for part in artifact.below:
        if part.columns:
            out.print()
        _write_table(part)


def fail(error: UserError, call: Call) -> NoReturn:
    """Raise an error that the JSON on standard output has reported already."""
    error.reported = call.json
    raise error


def table(artifact: Table) -> Grid:
    """Return a table for rich; numbers are formatted by column and right-aligned."""
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    cells = [formats.cells([row[index] for row in artifact.rows]) for index in range(len(artifact.columns))]
    for name, column in zip(artifact.columns, cells, strict=True):
        numbers = formats.all_numbers(column)
        # A long name is folded, so that it can still be copied; a number is never cut.
        grid.add_column(console.plain(name), justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    for row in zip(*cells, strict=True):
        grid.add_row(*map(console.plain, row))
    return grid


def print_predictions(predictions: Sequence[Prediction | Tokenization | Vector]) -> None:
    """Print for each input a row with its most likely answers and their probabilities, its tokens, or its vector."""
    for each in predictions:
        if isinstance(each, Vector):
            console.write(" ".join(f"{number:.7g}" for number in each.vector))
    broken = [each for each in predictions if isinstance(each, Tokenization)]
    for number, each in enumerate(broken):
        if number:
            console.out().print()
        _print_pieces(each)
    answered = [each for each in predictions if isinstance(each, Prediction)]
    if answered:
        _print_answers(answered)


def _print_pieces(found: Tokenization) -> None:
    """Print the tokens of a text side by side, each above its id."""
    from dlcli.plot.terminal.text import columns, fit, wrap  # imported here: `--help` loads no numpy

    out = console.out()

    @functools.cache  # a long text repeats its tokens
    def cell(piece: str, number: int) -> tuple[str, str]:
        width = max(columns(piece), len(str(number))) + 1
        return fit(piece, width), fit(str(number), width)

    @functools.cache
    def room(piece: str, number: int) -> int:
        return min(columns(cell(piece, number)[1]), out.width)

    for row in wrap([room(*token) for token in found.tokens], out.width):
        pieces, numbers = zip(*(cell(*found.tokens[place]) for place in row), strict=True)
        out.print(RichText("".join(pieces).rstrip()), soft_wrap=True)
        out.print(RichText("".join(numbers).rstrip(), "dim"), soft_wrap=True)


def _print_answers(predictions: Sequence[Prediction]) -> None:
    """Print one row per input, or one row per answer if the answers do not fit side by side."""
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
    """Return the text of an answer's number; `--json` has all its digits."""
    match measure:
        case "probability":
            return formats.percent(number, places=1)
        case "log_probability":
            return formats.percent(math.exp(max(number, -700.0)), places=1)  # e^-800 would be 0
        case "count":
            return formats.count(number)
    return f"{number:.4f}"


def _write_figure(figure: Figure, call: Call, out: Path | None, *, show: bool, full: bool) -> None:
    from dlcli.plot.page.files import is_animation, save

    path = out or Path(f"{figure.name}.png")
    save(figure.animation() if figure.animation and is_animation(path) else figure.drawing, path)
    if call.json:
        console.print_json({"figure": figure.name, "file": str(path), **figure.numbers})
        return
    if show:
        sketch(figure.sketch, full=full)
    console.write(path)


def _write_images(images: Images, call: Call, out: Path | None, *, show: bool, full: bool) -> None:
    from dlcli.plot import page, terminal
    from dlcli.plot.charts.tiles import album
    from dlcli.plot.page.files import save

    path = out or Path("images.png")
    grid = album(images.pixels, images.captions, title=images.title, columns=images.columns, nearest=images.nearest)
    save(page.tiles.draw(grid), path)
    if call.json:
        count, captions = len(images.pixels), list(images.captions)
        console.print_json({"file": str(path), "count": count, "captions": captions, **images.numbers})
        return
    if show:
        sketch(functools.partial(terminal.tiles.album, grid), full=full)
    console.write(path)


def sketch(draw: Sketch, *, full: bool = False) -> None:
    """Draw a sketch in the terminal, `_MAX_LINES` lines or all of it."""
    # Rich reduces 24-bit colours to those of the terminal.
    lines = draw(*console.canvas(), None if full else _MAX_LINES)
    drawn = _FOREIGN.sub(r"\\x1b", "\n".join(lines))
    console.out().print(RichText.from_ansi(drawn), soft_wrap=True)
