"""The metrics of a run: those of the best validation, and with `--eval` those of the test split."""

from __future__ import annotations

from typing import Any

from dlcli import techniques
from dlcli.artifacts import Table
from dlcli.pages.elements import Element, Grid, Paragraph
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return the table of the validation metrics that training recorded, and the tables of `dlcli eval`."""
    return [*_validation(run), *(_tables(measured(run, options)) if options.eval else [])]


def measured(run: TrainedRun, options: Report) -> Table:
    """Return what `dlcli eval` measures on the test split."""
    model = techniques.options(run.technique, "eval")
    found: Table = techniques.apply("eval", model(run=str(run.folder), use=options.use), run)
    return found


def _validation(run: TrainedRun) -> list[Element]:
    ended = run.files.info().ended
    if ended is None or not (ended.best or ended.last):
        return []
    title = "validation split" + (f"; best at step {ended.best_step:,}" if ended.best_step is not None else "")
    rows: list[tuple[Any, ...]] = [
        (name.replace("_", " "), _text(ended.best.get(name)), _text(ended.last.get(name)))
        for name in dict.fromkeys([*ended.best, *ended.last])
    ]
    return [Grid(title, ("metric", "best", "last"), rows)]


def _tables(table: Table) -> list[Element]:
    """Return a table and the tables below it."""
    own: Element = Grid.of(table) if table.columns else Paragraph(table.title, "note")
    return [own, *(each for part in table.below for each in _tables(part))]


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
