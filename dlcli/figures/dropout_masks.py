"""The masks of dropout: what remains of an image and of the hidden units, and what the network predicts from it.

Reference: Srivastava et al., "Dropout", 2014, JMLR 15; Gal and Ghahramani, "Dropout as a Bayesian Approximation", 2016,
arXiv:1506.02142.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import DropoutMasks
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner


def draw(options: DropoutMasks, run: TrainedRun) -> Figure:
    """Show the input, the units before the last layer and the class probabilities under several masks."""
    learner: Learner = run.learner
    example = subject.example(options, run, learner.facts)
    keys = jax.random.split(jax.random.key(options.seed), options.masks)
    plain = _passed(learner, example.pixels, None)
    masked = [_passed(learner, example.pixels, key) for key in keys]
    mean = np.mean([each[2] for each in masked], axis=0)
    names = ["no dropout", *(f"mask {number + 1}" for number in range(options.masks))]
    grid = _grid(options, learner, example, names, [plain, *masked], mean)
    numbers = {
        "run": options.run,
        "image": example.source,
        "classes": list(learner.facts.classes),
        "dropout": run.options.dropout,
        "input_dropout": run.options.input_dropout,
        "units": {name: to_json(each[1]) for name, each in zip(names, [plain, *masked], strict=True)},
        "probabilities": {name: to_json(each[2]) for name, each in zip(names, [plain, *masked], strict=True)},
        "mean_of_masks": to_json(mean),
    }
    sketch = functools.partial(terminal.tiles.draw, grid, height=7, per_line=5)
    return Figure("dropout-masks", page.tiles.draw(grid), numbers, sketch)


def _passed(learner: Learner, image: np.ndarray, key: jax.Array | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the input in [0, 1], the units, and the probabilities; NaN is dropped.

    Args:
        learner: the trained network.
        image: uint8 [height, width, channel].
        key: of the masks; None: no dropout.
    """

    def passed(learner: Learner, key: jax.Array, pixels: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        live = nnx.clone(learner)
        head, dropouts = live.network.head, [live.input_dropout, live.network.head.dropout]
        for number, dropout in enumerate(dropouts):
            dropout.deterministic = not masked
            nnx.reseed(dropout, dropout=jax.random.fold_in(key, number), default=jax.random.fold_in(key, number))
        inputs = live.normalize(pixels)
        kept = live.input_dropout(jnp.ones([1, inputs.size])).reshape(inputs.shape)
        units = head.units(live.network.backbone(inputs * kept))
        scale = head.dropout(jnp.ones_like(units))  # 0, or 1 / (1 - p)
        shown = jnp.where(scale > 0, units * scale, jnp.nan)
        return jnp.where(kept > 0, pixels, jnp.nan), shown, jax.nn.softmax(head.logits(units * scale))

    masked = key is not None
    compiled = functional.jit(passed, learner)
    found = compiled(jax.random.key(0) if key is None else key, image[None].astype(np.float32) / 255)
    return np.asarray(found[0][0]), np.asarray(found[1][0], np.float32), np.asarray(found[2][0])


def _grid(
    options: DropoutMasks,
    learner: Learner,
    example: subject.Example,
    names: Sequence[str],
    passes: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    mean: np.ndarray,
) -> TileGrid:
    classes = learner.facts.classes
    units = ColorScale.of(np.stack([each[1] for each in passes]))
    shown = [_tile_of_units(each[1], units, name) for name, each in zip(names, passes, strict=True)]
    inputs = [Tile(_shown(each[0]), name) for name, each in zip(names, passes, strict=True)]
    if not learner.input_dropout.rate:
        inputs = [Tile(inputs[0].pixels, "the same for all masks")]
    rates = [Tile(each[2][None], _best(each[2], classes), "blues", (0.0, 1.0)) for each in passes]
    rows = [
        Row(inputs, "input\n(dropped pixels: black)" if learner.input_dropout.rate else "input"),
        Row(shown, f"{len(passes[0][1])} units before the last layer; gray: dropped", units),
        Row(rates, f"probability of each class, {classes[0]} to {classes[-1]}"),
    ]
    truth = "" if example.label is None else f", true class {classes[example.label]}"
    note = f"dropout {learner.network.head.dropout.rate:g}, input dropout {learner.input_dropout.rate:g}; "
    note += f"remaining units are divided by 1 − p; mean of the masks: {_best(mean, classes)}"
    return TileGrid(f"dropout masks of {Path(options.run).name}: {example.source}{truth}", rows, note)


def _tile_of_units(units: np.ndarray, scale: ColorScale, name: str) -> Tile:
    """Arrange the units [unit] in a rectangle, filled up with NaN."""
    columns = math.ceil(math.sqrt(len(units)))
    rows = math.ceil(len(units) / columns)
    filled = np.full(rows * columns, np.nan, np.float32)
    filled[: len(units)] = units
    return Tile(filled.reshape(rows, columns), f"{name}: {np.isnan(units).sum()} dropped", scale.palette, scale.limits)


def _shown(pixels: np.ndarray) -> np.ndarray:
    return subject.drawable(np.nan_to_num(pixels))


def _best(probabilities: np.ndarray, classes: Sequence[str]) -> str:
    best = int(probabilities.argmax())
    return f"{classes[best]} ({formats.percent(float(probabilities[best]), 1)})"
