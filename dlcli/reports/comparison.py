"""Several runs side by side: metrics, options that differ, and statistics over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlcli import formats
from dlcli.formats import printable
from dlcli.options.fields import flag
from dlcli.pages.elements import Element, Grid, Paragraph
from dlcli.reports import evaluation
from dlcli.reports.options import Report
from dlcli.runs.description import differing
from dlcli.runs.summary import summarize
from dlcli.runs.trained import TrainedRun
from dlcli.studies.statistics import Estimate, estimate, paired


def parts(runs: Sequence[TrainedRun], options: Report) -> list[Element]:
    """Return the table of all runs, and the statistics of runs that differ in their seed."""
    metrics = [_metrics(run, options) for run in runs]
    chosen = [run.files.raw("options.json") for run in runs]
    names = list(dict.fromkeys(name for each in metrics for name in each))
    rows = [(formats.metric(name), *(_number(each.get(name)) for each in metrics)) for name in names]
    differ = differing(chosen)
    marked = range(len(rows), len(rows) + len(differ))
    rows += [(printable(flag(name)), *(formats.option(name, each.get(name)) for each in chosen)) for name in differ]
    rows += [(name, *values) for name, values in _facts(runs).items()]
    title = f"{'test' if options.eval else 'best validation'} metrics; options that differ are marked"
    table = Grid(title, ("", *(printable(run.folder.name) for run in runs)), rows, marked)
    return [table, *_over_seeds(chosen, metrics, names, differ)]


def _metrics(run: TrainedRun, options: Report) -> dict[str, float]:
    if not options.eval:
        return dict(summarize(run.folder).best)
    numbers = evaluation.measured(run, options).numbers
    values = {name: each.get("value") if isinstance(each, Mapping) else each for name, each in numbers.items()}
    return {name: float(each) for name, each in values.items() if isinstance(each, float)}


def _facts(runs: Sequence[TrainedRun]) -> dict[str, list[str]]:
    summaries = [summarize(run.folder) for run in runs]
    return {
        "technique": [each.technique for each in summaries],
        "data": [printable(each.info.data.dataset) for each in summaries],
        "data digest": [each.info.data.digest or formats.MISSING for each in summaries],
        "parameters": [formats.count(each.info.parameters) for each in summaries],
        "steps": [formats.count(each.step) for each in summaries],
        "state": [each.state for each in summaries],
        "took": [formats.duration(each.seconds) for each in summaries],
    }


def _over_seeds(
    chosen: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, float]], names: Sequence[str], differ: list[str]
) -> list[Element]:
    """Return means over seeds, and differences to the first group of options, paired by seed.

    Empty unless each group of runs with the same options has the same seeds, two or more, and each seed once.
    """
    conditions = [name for name in differ if name != "seed"]
    groups: dict[str, dict[Any, Mapping[str, float]]] = {}
    for options, measured in zip(chosen, metrics, strict=True):
        groups.setdefault(_label(conditions, options), {})[options.get("seed")] = measured
    seeds = list(next(iter(groups.values())))
    if len(seeds) < 2 or any(set(group) != set(seeds) for group in groups.values()):
        return []
    if len(seeds) * len(groups) != len(chosen):
        return []
    shared = [name for name in names if all(name in each for each in metrics)]
    rows = [row for name in shared for row in _rows(name, groups, seeds)]
    columns = ("metric", "options", "mean (95 % interval)", "difference to the first")
    shown = len(columns) if len(groups) > 1 else len(columns) - 1
    note = "Intervals: Student's t over the seeds; differences are paired by seed, which cancels its effect."
    grid = Grid(f"over {len(seeds)} seeds", columns[:shown], [row[:shown] for row in rows])
    return [grid, Paragraph(note, "note")]


def _rows(metric: str, groups: Mapping[str, Mapping[Any, Mapping[str, float]]], seeds: Sequence[Any]) -> list[Any]:
    """Return a row per group: metric, options, mean, and difference to the first group."""
    values = {label: [group[seed][metric] for seed in seeds] for label, group in groups.items()}
    first = next(iter(values.values()))
    return [
        (
            formats.metric(metric),
            label,
            _interval(estimate(found)),
            "–" if found is first else _interval(paired(found, first)),
        )
        for label, found in values.items()
    ]


def _label(names: Sequence[str], options: Mapping[str, Any]) -> str:
    given = (f"{flag(name)} {formats.option(name, options.get(name))}" for name in names)
    return printable(", ".join(given)) or "all runs"


def _interval(found: Estimate) -> str:
    return f"{found.mean:.4g} ({found.low:.4g} – {found.high:.4g})"


def _number(value: float | None) -> str:
    return formats.MISSING if value is None else f"{value:.4g}"
