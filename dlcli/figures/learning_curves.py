"""Losses, accuracies and other metrics over the steps of one or several runs."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import LearningCurves
from dlcli.formats import printable
from dlcli.nearest import chosen
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun

_OF_A_RUN = {"seed", "out", "name", "device"}  # options in which the repetitions of a run differ


@dataclasses.dataclass(frozen=True)
class History:
    """The metrics of a run.

    Attributes:
        folder: folder of the run.
        points: steps and values, by split and metric.
        best: step of the best validation.
        options: of its training, by name.
    """

    folder: Path
    points: dict[str, dict[str, list[tuple[int, float]]]]
    best: int | None
    options: dict[str, Any]

    def metrics(self) -> list[str]:
        """Return the names of all metrics, in the order of their first report."""
        return list(dict.fromkeys(name for split in self.points.values() for name in split))


def draw(options: LearningCurves, runs: Sequence[TrainedRun]) -> Figure:
    """Draw a panel per metric: training dashed, validation solid, the best validation marked."""
    histories = [history(run) for run in {run.folder: run for run in runs}.values()]
    metrics = _metrics(options.metric, histories)
    lines = _averaged_lines if options.seeds else _lines
    panels = [Panel(lines(histories, metric, options), formats.metric(metric), options.log) for metric in metrics]
    title = f"learning curves of {printable(histories[0].folder.name)}" if len(histories) == 1 else "learning curves"
    numbers = {"metrics": metrics, "runs": [_numbers(each, metrics) for each in histories]}
    chart = LinesChart(title, panels)
    return Figure("learning-curves", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))


def _lines(histories: Sequence[History], metric: str, options: LearningCurves) -> list[Line]:
    return [
        _line(each, split, metric, label, options.smoothing)
        for each, label in zip(histories, labels(histories), strict=True)
        for split in each.points
        if metric in each.points[split]
    ]


def _averaged_lines(histories: Sequence[History], metric: str, options: LearningCurves) -> list[Line]:
    """Return the mean over the runs that differ in the seed alone, with their lowest and highest values."""
    groups = _groups(histories)
    lines = []
    for label, members in groups.items():
        for split in ("train", "validation"):
            measured = [dict(each.points[split][metric]) for each in members if metric in each.points[split]]
            steps = sorted(set.intersection(*map(set, measured))) if measured else []
            if not steps:
                continue
            values = np.array([[each[step] for step in steps] for each in measured])  # [run, point]
            count = f" (mean of {len(measured)})" if len(measured) > 1 else ""
            lines.append(
                Line(
                    f"{label} {split}".strip() + count,
                    np.array(steps),
                    values.mean(axis=0),
                    run=label or "all",
                    dashed=split == "train",
                    smoothing=options.smoothing if split == "train" else 0.0,
                    band=np.stack([values.min(axis=0), values.max(axis=0)]) if len(measured) > 1 else None,
                )
            )
    return lines


def _groups(histories: Sequence[History]) -> dict[str, list[History]]:
    """Return the runs that differ in the seed alone, by the options in which the groups differ."""
    kept = [{name: value for name, value in each.options.items() if name not in _OF_A_RUN} for each in histories]
    names = list(dict.fromkeys(name for each in kept for name in each))
    differing = [name for name in names if len({json.dumps(each.get(name)) for each in kept}) > 1]
    found: dict[str, list[History]] = defaultdict(list)
    for each, options in zip(histories, kept, strict=True):
        label = ", ".join(f"{name.replace('_', ' ')} {options.get(name)}" for name in differing)
        found[printable(label)].append(each)
    return dict(found)


def history(run: TrainedRun) -> History:
    """Return the metrics of a run; raise `RunError` if it has none."""
    points: dict[str, dict[str, list[tuple[int, float]]]] = {
        split: defaultdict(list) for split in ("train", "validation")
    }
    best = None
    for record in run.files.metrics.read():
        if record.get("split") not in points:
            continue
        for name, value in record["metrics"].items():
            if isinstance(value, int | float):
                points[record["split"]][name].append((record["step"], float(value)))
        if record.get("best"):
            best = record["step"]
    if not any(points.values()):
        raise RunError(f"{run.folder} has no metrics: it ended before its first report")
    return History(run.folder, points, best, run.files.raw("options.json"))


def labels(histories: Sequence[History]) -> list[str]:
    """Return a label per run: the part of its path that differs between the runs, or "" for a single run."""
    folders = [history.folder.absolute() for history in histories]
    if len(folders) == 1:
        return [""]
    shared = os.path.commonpath(folders)
    return [printable(os.path.relpath(folder, shared)) for folder in folders]


def _metrics(wanted: Sequence[str], histories: Sequence[History]) -> list[str]:
    """Return the metrics to draw: those wanted, or those that every run measured in training and in validation."""
    every = list(dict.fromkeys(name for history in histories for name in history.metrics()))
    if wanted:
        return [chosen("--metric", name.replace("-", "_"), every) for name in wanted]
    shared = [name for name in every if all(name in history.metrics() for history in histories)]
    both = [name for name in shared if all(name in split for each in histories for split in each.points.values())]
    if not shared:
        raise RunError(f"the runs must have a common metric, found {', '.join(every)}")
    return sorted(both or shared, key=lambda name: name != "loss")


def _line(history: History, split: str, metric: str, label: str, smoothing: float) -> Line:
    points = history.points[split][metric]
    steps, values = np.array([step for step, _ in points]), np.array([value for _, value in points])
    training = split == "train"
    return Line(
        f"{label} {split}".strip(),
        steps,
        values,
        run=str(history.folder),
        dashed=training,
        best=None if training or history.best not in steps else history.best,
        smoothing=smoothing if training else 0.0,
    )


def _numbers(history: History, metrics: Sequence[str]) -> dict[str, Any]:
    found = {
        split: {
            metric: {"steps": [step for step, _ in points], "values": to_json([value for _, value in points])}
            for metric, points in measured.items()
            if metric in metrics
        }
        for split, measured in history.points.items()
    }
    return {"run": str(history.folder), "best_step": history.best, **found}
