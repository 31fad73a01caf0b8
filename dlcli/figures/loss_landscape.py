"""The loss around the weights of a run, along a line or over a plane."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import activity
from dlcli.artifacts import Figure
from dlcli.data import cache
from dlcli.engine.loss_function import LossFunction
from dlcli.errors import RunError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.training import LossLandscape
from dlcli.files import as_json, read_json, write_text
from dlcli.formats import printable
from dlcli.optim import directions as along
from dlcli.plot import page, terminal
from dlcli.plot.charts.landscape import LandscapeChart
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.opening import open_run

_SPLITS = ("train", "validation")
_MARGIN = 0.3  # of the extent of the path, around it
_BEYOND = 0.25  # part of the line between two runs that is shown beyond each of them


@dataclasses.dataclass(frozen=True, eq=False)
class _Plane:
    """A line or a plane through the weights of the run.

    Attributes:
        directions: one or two.
        grids: coordinates along each direction, ascending.
        names: of the coordinates.
        path: step and coordinates of each checkpoint.
        note: how the directions were chosen.
        numbers: further values for JSON.
    """

    directions: Sequence[Mapping[str, np.ndarray]]
    grids: Sequence[np.ndarray]
    names: Sequence[str]
    path: Sequence[tuple[int, np.ndarray]]
    note: str
    numbers: Mapping[str, Any]


def draw(options: LossLandscape, run: TrainedRun) -> Figure:
    """Measure the losses row by row, and draw them; finished rows are kept in the cache."""
    loss = LossFunction(run, options.batches, statistics=options.to is not None)
    plane = _to_other(options, loss) if options.to is not None else _around(options, loss)
    losses = _measured(options, loss, plane)
    title = f"loss landscape of {printable(run.folder.name)}"
    numbers = {
        "run": options.run,
        "use": options.use,
        "coordinates": [to_json(grid) for grid in plane.grids],
        "axes": list(plane.names),
        "losses": {split: to_json(values) for split, values in losses.items()},
        "path": [{"step": step, "coordinates": to_json(place)} for step, place in plane.path],
        **plane.numbers,
    }
    if len(plane.grids) == 1:
        return _line(title, plane, losses, numbers)
    path = [(step, float(place[0]), float(place[1])) for step, place in plane.path]
    chart = LandscapeChart(
        title, plane.note, (plane.names[0], plane.names[1]), plane.grids[0], plane.grids[1], losses, path
    )
    sketch = functools.partial(terminal.landscape.draw, chart)
    return Figure("loss-landscape", page.landscape.draw(chart), numbers, sketch)


def _around(options: LossLandscape, loss: LossFunction) -> _Plane:
    checkpoints = loss.checkpoints()
    if options.directions == "pca":
        return _principal(options, loss, checkpoints)
    count = options.dimensions
    chosen = [along.filter_normalized(loss.weights, options.seed, number) for number in range(count)]
    grid = np.linspace(-options.radius, options.radius, options.points)
    names = [f"direction {number + 1} (filter norms)" for number in range(count)]
    note = "random directions, normalized filter by filter; star: weights of the run"
    return _Plane(chosen, [grid] * count, names, [], note, {"directions": "random", "seed": options.seed})


def _principal(
    options: LossLandscape, loss: LossFunction, checkpoints: Mapping[int, Mapping[str, np.ndarray]]
) -> _Plane:
    others = [each for each in checkpoints.values() if not np.array_equal(along.flat(each), along.flat(loss.weights))]
    if len(others) < max(2, options.dimensions):
        raise RunError(
            f"--directions pca needs at least 3 checkpoints, {loss.run.folder} has {len(checkpoints)}",
            hint="train with --keep 20 and a smaller --save-every, such as a twentieth of --steps",
        )
    chosen, explained = along.principal(loss.weights, others, options.dimensions)
    path = [(step, along.coordinates(loss.weights, each, chosen)[0]) for step, each in checkpoints.items()]
    places = np.stack([place for _, place in path] + [np.zeros(options.dimensions)])
    low, high = places.min(axis=0), places.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 0.2 * (high - low).max())
    grids = [np.linspace(*ends, options.points) for ends in zip(low - margin, high + margin, strict=True)]
    parts = ", ".join(f"{100 * each:.0f} %" for each in explained)
    names = [f"component {number + 1} ({100 * each:.0f} % of the path)" for number, each in enumerate(explained)]
    note = (
        f"principal components of the path through {len(checkpoints)} checkpoints, which explain {parts} of it; "
        "star: weights of the run"
    )
    return _Plane(chosen, grids, names, path, note, {"directions": "pca", "explained_variance": explained})


def _to_other(options: LossLandscape, loss: LossFunction) -> _Plane:
    other = open_run(str(options.to), loss.run.technique, "viz loss-landscape --to", options.use)
    there = loss.weights_of(other)
    direction = {name: there[name] - each for name, each in loss.weights.items()}
    grid = np.linspace(-_BEYOND, 1 + _BEYOND, options.points)
    names = [f"position between {printable(loss.run.folder.name)} (0) and {printable(other.folder.name)} (1)"]
    return _Plane([direction], [grid], names, [], "", {"directions": "line", "to": str(other.folder)})


def _measured(options: LossLandscape, loss: LossFunction, plane: _Plane) -> dict[str, np.ndarray]:
    """Return the losses by split, [row, column] or [point]; rows of an interrupted call are read from the cache."""
    last = plane.grids[0]
    rows = plane.grids[1] if len(plane.grids) > 1 else np.zeros(1)
    store = _Rows(_digest(options, loss, plane))
    for number, row in enumerate(rows):
        activity.report("measuring losses, rows", number, len(rows))
        if number not in store:
            places = np.stack([last, np.full_like(last, row)], axis=-1)[:, : len(plane.grids)]
            store.add(number, {split: loss.losses(split, plane.directions, places) for split in _SPLITS})
    activity.report("")
    found = {split: np.stack([store.row(number, split) for number in range(len(rows))]) for split in _SPLITS}
    return found if len(plane.grids) > 1 else {split: values[0] for split, values in found.items()}


def _digest(options: LossLandscape, loss: LossFunction, plane: _Plane) -> str:
    """Return what identifies the losses: weights, directions, coordinates and data."""
    digest = hashlib.sha256(f"{loss.run.folder.absolute()} {options.batches} {loss.data.digest}".encode())
    for weights in (loss.weights, *plane.directions):
        digest.update(along.flat(weights).tobytes())
    for grid in plane.grids:
        digest.update(grid.tobytes())
    return digest.hexdigest()[:24]


class _Rows:
    """Finished rows, in a file of the cache."""

    def __init__(self, digest: str):
        self.path = Path(cache.folder("loss-landscapes")) / f"{digest}.json"
        try:
            self.found: dict[str, dict[str, list[float | None]]] = dict(read_json(self.path))
        except (OSError, ValueError):
            self.found = {}

    def __contains__(self, number: int) -> bool:
        return str(number) in self.found

    def add(self, number: int, losses: Mapping[str, np.ndarray]) -> None:
        self.found[str(number)] = json.loads(as_json({split: list(values) for split, values in losses.items()}))
        write_text(self.path, as_json(self.found))

    def row(self, number: int, split: str) -> np.ndarray:
        return np.array([np.inf if each is None else each for each in self.found[str(number)][split]])


def _line(title: str, plane: _Plane, losses: Mapping[str, np.ndarray], numbers: dict[str, Any]) -> Figure:
    grid = plane.grids[0]
    lines = [Line(split, grid, values, dashed=split == "train") for split, values in losses.items()]
    if "to" in numbers:
        numbers["barrier"] = {split: to_json(_barrier(grid, values)) for split, values in losses.items()}
    chart = LinesChart(title, [Panel(lines, "loss")], xlabel=plane.names[0])
    return Figure("loss-landscape", page.lines.draw(chart), numbers, functools.partial(terminal.lines.draw, chart))


def _barrier(grid: np.ndarray, losses: np.ndarray) -> float:
    """Return how far the loss rises above the straight line between its values at 0 and 1.

    Reference: Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", 2020, arXiv:1912.05671.
    """
    between = (grid >= 0) & (grid <= 1)
    ends = np.interp([0.0, 1.0], grid, losses)
    return float((losses - np.interp(grid, [0.0, 1.0], ends))[between].max())
