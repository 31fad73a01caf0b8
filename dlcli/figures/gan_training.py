"""How the generator and the discriminator of a run learnt from each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import RunError
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.generative import GanTraining
from dlcli.formats import printable
from dlcli.plot import course, plane, terminal
from dlcli.plot.series import Panel, Series
from dlcli.plot.tiles import Grid, Row, Tile
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner

# Title of a panel, and its lines: split and name of the metric, and how it is called.
_PANELS = {
    "loss": {("train", "loss"): "discriminator", ("train", "generator_loss"): "generator"},
    "mean verdict": {("train", "real_logit"): "of real ones", ("train", "generated_logit"): "of fakes"},
    "distance": {
        ("validation", "frechet_distance"): "samples",
        ("validation", "frechet_distance_floor"): "real ones",
        ("validation", "total_variation"): "samples",
        ("validation", "total_variation_floor"): "real ones",
    },
}
_SKETCHED = 4  # times that the terminal shows
_HEIGHT = 8  # lines of a panel there

Points = Mapping[tuple[str, str], Sequence[tuple[int, float]]]


def draw(options: GanTraining, run: TrainedRun) -> Figure:
    """Draw the samples of some noise as they were over the run, and the curves of both players."""
    learner: Learner = run.learner
    steps = [int(step) for step in learner.fixed_noise_steps[...]]
    drawn = {step: np.asarray(learner.fixed_noise_samples[place]) for place, step in enumerate(steps) if step}
    points = _points(run)
    if not drawn or not points:
        raise RunError(f"{run.folder} must have measured something, found no metrics: it ended before its first report")
    times = sorted(drawn.items())
    panels = [panel for name, lines in _PANELS.items() if (panel := _panel(name, lines, points)).series]
    title = f"{printable(run.folder.name)}: samples of the same noise over the run, and both players"
    tiles: dict[int, list[Tile]]
    if learner.domain.classes:
        shown = [(step, np.stack([subject.drawable(image) for image in each])) for step, each in times]
        drawing = course.images(shown, panels, title=title)
        tiles = {step: [Tile(image) for image in each] for step, each in shown}
    else:
        clouds = [(step, plane.Cloud.around(each, np.asarray(learner.domain.modes))) for step, each in times]
        drawing = course.points(clouds, panels, title=title)
        tiles = {step: [plane.tile(cloud)] for step, cloud in clouds}
    numbers = {
        "run": options.run,
        "samples": {str(step): listed(each) for step, each in times},
        "curves": {
            f"{split} {name}": {"steps": [step for step, _ in line], "values": listed([value for _, value in line])}
            for (split, name), line in points.items()
        },
    }
    grid = _grid(title, tiles)
    return Figure(
        "gan-training", drawing, numbers, lambda width, colour, most=None: _sketch(grid, panels, width, colour, most)
    )


def _points(run: TrainedRun) -> Points:
    """Return the steps and values of every metric, by its split and name."""
    found = defaultdict(list)
    for record in run.files.metrics.read():
        for name, value in record["metrics"].items():
            found[record["split"], name].append((record["step"], value))
    return found


def _panel(name: str, lines: Mapping[tuple[str, str], str], points: Points) -> Panel:
    series = [
        Series(called, *map(np.array, zip(*points[line], strict=True)), dashed=index > 0)
        for index, (line, called) in enumerate(lines.items())
        if points.get(line)
    ]
    return Panel(series, name)


def _grid(title: str, tiles: Mapping[int, Sequence[Tile]]) -> Grid:
    """Return a row of samples for some of the steps, or one row where each step has one picture."""
    chosen = list(tiles)[:: -(-len(tiles) // _SKETCHED)]
    chosen = sorted({*chosen[:-1], list(tiles)[-1]})
    if any(len(tiles[step]) > 1 for step in chosen):
        return Grid(title, [Row(tiles[step], f"step {step:,}") for step in chosen])
    return Grid(
        title, [Row([Tile(tiles[step][0].pixels, f"step {step:,}", tiles[step][0].palette) for step in chosen])]
    )


def _sketch(grid: Grid, panels: Sequence[Panel], width: int, colour: bool, most: int | None) -> list[str]:
    """Draw the samples in half of the lines, and the curves in what they leave."""
    half = None if most is None else most // 2 - 1
    samples = terminal.grid(grid, width=width, height=6, per_line=6, colour=colour, most=half)
    return terminal.below(
        [*samples, ""],
        most,
        lambda left: terminal.charts(panels, width=width, height=_HEIGHT, colour=colour, most=left),
    )
