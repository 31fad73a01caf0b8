"""Writes artifacts: to files, to the terminal, or as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

from rich.table import Table as Grid
from rich.text import Text as RichText

from dlcli.artifacts import Artifact, Figure, Images, Pieces, Prediction, Table, Text
from dlcli.cli import console
from dlcli.cli.bridge import Call
from dlcli.errors import UserError

_SKETCHED = 16  # images of a batch that the terminal shows
# An escape that begins none of the colours of a sketch: it came with a name.
_FOREIGN = re.compile(r"\x1b(?!\[(?:0|[34]8;2;[0-9;]+)m)")


def write(artifact: Artifact, call: Call, out: Path | None = None, *, show: bool = True) -> None:
    """Show an artifact on standard output, or its numbers with `--json`; save it where it is a picture."""
    match artifact:
        case Table():
            if call.json:
                console.print_json(artifact.numbers)
            else:
                if artifact.title:
                    console.out().print(f"[bold]{console.plain(artifact.title)}[/]", soft_wrap=True)
                console.out().print(table(artifact))
        case Figure():
            _write_figure(artifact, call, out, show=show)
        case Text():
            console.write("\n".join(artifact.lines))
        case Images():
            _write_images(artifact, call, out, show=show)


def fail(error: UserError, call: Call) -> NoReturn:
    """Raise an error that what was written to standard output tells too."""
    error.told = call.json
    raise error


def table(artifact: Table) -> Grid:
    """Return a table for rich; numbers stand to the right."""
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(artifact.columns):
        cells = [row[index] for row in artifact.rows]
        numbers = bool(cells) and all(map(_is_number, cells))
        # A name is folded where there is no room for it, so that it can still be copied; a number is never cut.
        grid.add_column(console.plain(name), justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    for row in artifact.rows:
        grid.add_row(*map(_cell, row))
    return grid


def print_predictions(predictions: Sequence[Prediction | Pieces]) -> None:
    """Print a row an input: its likeliest answers with their probabilities; or a block of tokens and their ids."""
    broken = [each for each in predictions if isinstance(each, Pieces)]
    for number, each in enumerate(broken):
        if number:
            console.out().print()
        _print_pieces(each)
    answered = [each for each in predictions if isinstance(each, Prediction)]
    if answered:
        _print_answers(answered)


def _print_pieces(found: Pieces) -> None:
    """Print the tokens of a text side by side, each with its id below it, in as many lines as they take."""
    from dlcli.plot.terminal.text import beside, columns, fit  # here, since `--help` needs no numpy

    out = console.out()
    cells = [(piece, str(number), max(columns(piece), len(str(number))) + 1) for piece, number in found.tokens]
    for row in beside([min(width, out.width) for _, _, width in cells], out.width):
        shown = [cells[place] for place in row]
        out.print(RichText("".join(fit(piece, width) for piece, _, width in shown).rstrip()), soft_wrap=True)
        numbers = "".join(fit(number, width) for _, number, width in shown).rstrip()
        out.print(RichText(numbers, "dim"), soft_wrap=True)


def _print_answers(predictions: Sequence[Prediction]) -> None:
    """Print a row an input; a row an answer where the answers have no room side by side."""
    out = console.out()
    # Texts, not markup: a file or a class may be called "[b]".
    rows = [
        [
            RichText(console.visible(each.source)),
            *(
                RichText.assemble(console.visible(label), (f" {_measured(n, each.measure)}", "dim"))
                for label, n in each.answers
            ),
        ]
        for each in predictions
    ]
    widest = [max(cell.cell_len for cell in column) for column in zip_longest(*rows, fillvalue=RichText())]
    if sum(widest) + 2 * (len(widest) - 1) > out.width:
        rows = [
            [source if not number else RichText(), answer]
            for source, *answers in rows
            for number, answer in enumerate(answers)
        ]
    out.print(_answers(rows))


def _answers(rows: Sequence[Sequence[RichText]]) -> Grid:
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    for name in ["input", "answer", *[""] * (max(map(len, rows)) - 2)]:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def _measured(number: float, measure: str) -> str:
    """Write the number beside an answer so that small probabilities can be ranked too."""
    if measure not in ("probability", "log_probability"):
        return f"{number:.4g}"
    # Decimal, since e^-800 is 0 as a float.
    share = Decimal(number).exp() if measure == "log_probability" else Decimal(number)
    return f"{share:.1e}" if 0 < share < 0.001 else f"{share:.1%}"


def _write_figure(figure: Figure, call: Call, out: Path | None, *, show: bool) -> None:
    from dlcli.plot.files import moves, save

    path = out or Path(f"{figure.name}.png")
    save(figure.animation() if figure.animation and moves(path) else figure.drawing, path)
    if call.json:
        console.print_json({"figure": figure.name, "file": str(path), **figure.numbers})
        return
    if show:
        sketch(figure.sketch)
    console.write(path)


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
        sketch(lambda width, colour: terminal.album(grid, most=_SKETCHED, width=width, colour=colour))
    console.write(path)


def sketch(lines: Callable[[int, bool], Sequence[str]]) -> None:
    """Draw a sketch, from a width in columns and whether colours may be used, into the terminal."""
    # Through rich, which brings 24-bit colours down to what the terminal can show.
    width, colour = console.canvas()
    drawn = _FOREIGN.sub(r"\\x1b", "\n".join(lines(width, colour)))
    console.out().print(RichText.from_ansi(drawn), soft_wrap=True)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) or (isinstance(cell, str) and cell[:1].isdigit())


def _cell(cell: Any) -> str:
    if cell is None:
        return "–"
    return f"{cell:.4g}" if isinstance(cell, float) else console.plain(cell)
