"""The table of runs: columns shrink and disappear by priority until it fits the terminal; names are never cut."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from dlcli import formats
from dlcli.formats import printable
from dlcli.runs.description import when
from dlcli.runs.lookup import shown_name
from dlcli.runs.summary import Summary

_GAP = "  "
_MAX_DATASET = 16  # characters of a data set's name in a narrow table


def lines(runs: Sequence[Summary], width: int | None) -> list[str]:
    """Return a header and a line for each run.

    Args:
        runs: the latest last.
        width: columns of the terminal; None: unbounded.
    """
    shown = {title: [cell(run) for run in runs] for title, cell in _WIDE.items()}
    if not any(shown["note"]):
        del shown["note"]
    for reduce in _REDUCTIONS if width is not None else ():
        if _width(shown) <= (width or 0):
            break
        reduce(shown, runs)
    widths = {title: _cells(title, cells) for title, cells in shown.items()}
    table = [list(shown), *([cells[row] for cells in shown.values()] for row in range(len(runs)))]
    return [
        _GAP.join(set_cell_size(cell, size) for cell, size in zip(row, widths.values(), strict=True)).rstrip()
        for row in table
    ]


def dataset_name(dataset: str) -> str:
    """Return the name of a data set without its parent folders: folder:DATA, novel.txt."""
    return printable(re.sub(r"[^:]*/", "", dataset.rstrip("/")))


def day(created: str | None) -> str:
    """Return the start of a run in local time: 14:15 for today, 22 Nov for this year, 22 Nov 2025 before."""
    began = when(created)
    if began is None:
        return "–"
    today = datetime.datetime.now().astimezone()
    if began.date() == today.date():
        return began.strftime("%H:%M")
    return began.strftime("%-d %b" if began.year == today.year else "%-d %b %Y")


def best(metrics: Mapping[str, float], most: int = 40) -> str:
    """Return the main metric of the best validation, its name cut to `most` characters; `runs show` has all."""
    preferred = ("accuracy", "frechet_distance", "total_variation", "loss")
    name = next((name for name in (*preferred, *metrics) if name in metrics), None)
    if name is None:
        return "–"
    title = printable(formats.metric(name))
    return f"{title if len(title) <= most else f'{title[: most - 1]}…'} {metrics[name]:.4g}"


_WIDE: dict[str, Callable[[Summary], str]] = {
    "name": lambda run: printable(shown_name(run.folder)),
    "technique": lambda run: run.technique,
    "data": lambda run: dataset_name(run.info.data.dataset),
    "when": lambda run: day(run.info.created),
    "took": lambda run: formats.duration(run.seconds),
    "state": lambda run: run.state,
    "best": lambda run: best(run.best),
    "note": lambda run: printable(run.info.note),
}

_Columns = dict[str, list[str]]


def _shorten(title: str, most: int) -> Callable[[_Columns, Sequence[Summary]], None]:
    def reduce(shown: _Columns, _: Sequence[Summary]) -> None:
        cells = shown.get(title, [])
        cells[:] = [each if cell_len(each) <= most else f"{set_cell_size(each, most - 1).rstrip()}…" for each in cells]

    return reduce


def _drop(title: str) -> Callable[[_Columns, Sequence[Summary]], None]:
    def reduce(shown: _Columns, _: Sequence[Summary]) -> None:
        shown.pop(title, None)

    return reduce


def _round_times(shown: _Columns, runs: Sequence[Summary]) -> None:
    shown["took"] = [formats.duration(run.seconds, units=1) for run in runs]


def _shorten_metrics(shown: _Columns, runs: Sequence[Summary]) -> None:
    shown["best"] = [best(run.best, most=8) for run in runs]


def _drop_redundant_techniques(shown: _Columns, runs: Sequence[Summary]) -> None:
    """Drop the techniques if the name of each run begins with its technique, as default names do."""
    if all(run.folder.name.startswith(f"{run.technique}-") for run in runs):
        del shown["technique"]


# Applied in turn until the table fits.
_REDUCTIONS: list[Callable[[_Columns, Sequence[Summary]], None]] = [
    _shorten("note", 24),
    _round_times,
    _shorten("data", _MAX_DATASET),
    _shorten_metrics,
    _drop("note"),
    _drop_redundant_techniques,
    _drop("took"),
    _drop("data"),
    _drop("technique"),
    _drop("when"),
    _drop("best"),
]


def _width(shown: _Columns) -> int:
    return sum(_cells(title, cells) for title, cells in shown.items()) + len(_GAP) * (len(shown) - 1)


def _cells(title: str, cells: Sequence[str]) -> int:
    return max(map(cell_len, [title, *cells]))
