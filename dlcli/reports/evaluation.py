"""The metrics of a run: those of the best validation, and with `--eval` those of the test split."""

from __future__ import annotations

import json
from typing import Any

from dlcli import formats, techniques
from dlcli.artifacts import Table
from dlcli.formats import printable
from dlcli.options.fields import flag
from dlcli.pages.elements import Element, Grid, Paragraph
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs import evaluations
from dlcli.runs.description import when
from dlcli.runs.evaluations import Evaluation
from dlcli.runs.trained import TrainedRun


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return the table of the validation metrics that training recorded, and the tables of evaluations.

    These are the ones that `dlcli eval` kept in the run, and one that is measured now if the options say so.
    """
    now = _tables(measured(run, options)) if options.eval else []
    kept = evaluations.read(run.files)
    if options.eval:
        kept = [each for each in kept if each.key != _key(run, options)]
    return [*_validation(run), *now, *(part for each in kept for part in _kept(run, each))]


def measured(run: TrainedRun, options: Report) -> Table:
    """Return what `dlcli eval` measures on the test split."""
    chosen = _eval_options(run, options)
    found: Table = run.once(("eval", options.use), lambda: techniques.apply("eval", chosen, run))
    return found


def _eval_options(run: TrainedRun, options: Report) -> Any:
    return techniques.options(run.technique, "eval")(run=str(run.folder), use=options.use)


def _key(run: TrainedRun, options: Report) -> str:
    return json.dumps(evaluations.given(_eval_options(run, options)), sort_keys=True)


def _kept(run: TrainedRun, found: Evaluation) -> list[Element]:
    """Return an evaluation that the run keeps: when and how it was measured, and its tables."""
    options = "".join(f" {flag(name)} {formats.option(name, value)}" for name, value in found.options.items())
    at = f", weights of step {found.step:,}" if found.step is not None else ""
    began = when(found.created)
    text = f"dlcli eval{options}{at}" + (f", measured on {began:%-d %B %Y, %H:%M}" if began else "")
    tables = [part for each in found.tables for part in _tables(each.as_table())]
    return [Paragraph(printable(text), "note"), *tables]


def _validation(run: TrainedRun) -> list[Element]:
    ended = run.files.info().ended
    if ended is None or not (ended.best or ended.last):
        return []
    title = "validation split" + (f"; best at step {ended.best_step:,}" if ended.best_step is not None else "")
    rows: list[tuple[Any, ...]] = [
        (formats.metric(name), _text(ended.best.get(name)), _text(ended.last.get(name)))
        for name in dict.fromkeys([*ended.best, *ended.last])
    ]
    return [Grid(title, ("metric", "best", "last"), rows)]


def _tables(table: Table) -> list[Element]:
    """Return a table and the tables below it."""
    own: Element = Grid.of(table) if table.columns else Paragraph(table.title, "note")
    return [own, *(each for part in table.below for each in _tables(part))]


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
