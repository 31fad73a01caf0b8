"""The learning curves of one or several runs, to hover over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcli import formats, techniques
from dlcli.figures.json_values import to_json
from dlcli.figures.learning_curves import History, history, labels
from dlcli.pages.elements import Element, Paragraph, Widget
from dlcli.runs.trained import TrainedRun

_POINTS = 1_000  # of a line; a longer one is thinned


def parts(runs: Sequence[TrainedRun]) -> list[Element]:
    """Return a panel per metric; raise `RunError` if a run has no metrics."""
    trained = [run for run in runs if run.technique in techniques.having("resume")]
    if not trained:
        return []
    histories = [history(run) for run in {run.folder: run for run in trained}.values()]
    data = _data(histories)
    note = "circle: the best validation, whose weights the run is evaluated with; click a name to hide its curve"
    return [Widget("curves", "", data), Paragraph(note, "note")]


def _data(histories: Sequence[History]) -> dict[str, Any]:
    lines = [(number, split) for number, each in enumerate(histories) for split in each.points if each.points[split]]
    names = labels(histories)
    metrics = dict.fromkeys(metric for each in histories for metric in each.metrics())
    # Metrics of both splits first: a run is judged by them.
    both = [name for name in metrics if all(name in points for each in histories for points in each.points.values())]
    ordered = [*both, *(name for name in metrics if name not in both)]
    return {
        "xlabel": "step",
        "lines": [
            {"name": f"{names[number]} {split}".strip(), "run": number, "dashed": split == "train"}
            for number, split in lines
        ],
        "panels": [
            {"metric": formats.metric(metric), "series": _series(histories, lines, metric)} for metric in ordered
        ],
    }


def _series(histories: Sequence[History], lines: Sequence[tuple[int, str]], metric: str) -> list[dict[str, Any]]:
    found = []
    for place, (number, split) in enumerate(lines):
        points = _thinned(histories[number].points[split].get(metric, []), histories[number].best)
        if points:
            best = histories[number].best if split == "validation" else None
            steps, values = zip(*points, strict=True)
            found.append({"line": place, "steps": list(steps), "values": to_json(list(values)), "best": best})
    return found


def _thinned(points: Sequence[tuple[int, float]], best: int | None) -> list[tuple[int, float]]:
    """Return at most about `_POINTS` points at even distances, with the last and the best one."""
    if len(points) <= _POINTS:
        return list(points)
    kept = set(np.linspace(0, len(points) - 1, _POINTS).round().astype(int).tolist())
    return [point for place, point in enumerate(points) if place in kept or point[0] == best]
