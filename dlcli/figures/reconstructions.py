"""Images and their reconstructions by an autoencoder."""

from __future__ import annotations

import functools

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import held_out
from dlcli.figures.json_values import to_json
from dlcli.figures.options.representation import Reconstructions
from dlcli.figures.subject import drawable
from dlcli.formats import printable
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.autoencoder.learner import Learner

_PER_ROW = 10


def draw(options: Reconstructions, run: TrainedRun) -> Figure:
    """Show images, their reconstructions and the differences below each other."""
    learner: Learner = run.learner
    images = held_out.examples(options, run, options.count)["image"]
    found = np.asarray(functional.jit(Learner.reconstruct, learner)(images))
    errors = np.square((found.astype(np.float64) - images) / 255).reshape(len(images), -1).mean(axis=1)
    differences = np.abs(found.astype(np.float64) - images).mean(axis=-1) / 255
    largest = float(differences.max()) or 1.0
    rows = []
    for start in range(0, len(images), _PER_ROW):
        part = range(start, min(start + _PER_ROW, len(images)))
        rows += [
            Row([Tile(drawable(images[number])) for number in part], "input"),
            Row([Tile(drawable(found[number])) for number in part], "reconstruction"),
            Row(
                [Tile(differences[number], f"{errors[number]:.3f}", "heat", (0.0, largest)) for number in part],
                "difference,\nsquared error",
            ),
        ]
    size = int(np.prod(learner.facts.image))
    title = (
        f"reconstructions of {printable(run.folder.name)}: {size:,} pixels to {learner.latent_dim} numbers, "
        f"mean squared error {errors.mean():.4f}"
    )
    grid = TileGrid(title, rows, "images of the validation split", ColorScale("heat", (0.0, largest), "difference"))
    numbers = {
        "run": options.run,
        "latent_dim": learner.latent_dim,
        "squared_errors": to_json(errors),
        "inputs": to_json(images),
        "reconstructions": to_json(found),
    }
    sketch = functools.partial(terminal.tiles.draw, grid, height=5, per_line=8)
    return Figure("reconstructions", page.tiles.draw(grid), numbers, sketch)
