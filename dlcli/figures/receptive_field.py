"""What a unit can see: the field that the windows of its layers allow, and the one its gradient measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import ReceptiveField
from dlcli.nearest import chosen
from dlcli.nn.receptive_field import ReceptiveField as Field
from dlcli.plot import palette, receptive, terminal
from dlcli.plot.receptive import Box, Stage
from dlcli.plot.tiles import Grid, Row, Tile
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner

Unit = tuple[int, int]  # row and column

_FAINTEST = 1e-4  # share of the greatest gradient that is black on the logarithmic scale
_UNTRAINED = {
    "small": "untrained small",
    "resnet": "untrained resnet, whose branches start at zero",
    "convnext": "untrained convnext, whose branches start near zero",
}
_LEAK = 1e-3  # share of the gradient outside the field that is worth a word; rounding leaves none


@dataclasses.dataclass(frozen=True)
class _Layer:
    """A layer's field, the size of its maps [channel last], and the unit that is looked at."""

    name: str
    field: Field
    shape: tuple[int, ...]
    unit: Unit

    def box(self) -> Box:
        (top, _), (left, _) = (self.field.interval(place) for place in self.unit)
        return Box(top, left, self.field.size, self.field.size)


def draw(options: ReceptiveField, run: TrainedRun | None) -> Figure:
    """Draw the analytic and the measured field of a unit, one over the other, and how fields grow over the layers."""
    learner = _untrained(options) if run is None else run.learner
    names = learner.network.backbone.names
    last = chosen("--layer", options.layer or names[-1], names)
    images = _images(options, run, learner)
    layers = _layers(learner, last, options.unit)
    fields = measure(learner, images, {layer.name: layer.unit for layer in layers})
    stages = [Stage(each.name, each.field.size, each.field.jump, effective(fields[each.name])) for each in layers]
    box, gradient = layers[-1].box(), fields[last]
    leak = outside(gradient, box)
    title = _title(options, layers[-1], len(images), leak)
    image = subject.drawable(images[0])
    numbers = {
        "run": options.run,
        "layer": last,
        "unit": list(layers[-1].unit),
        "images": len(images),
        "field": dataclasses.asdict(box),
        "stride": stages[-1].stride,
        "effective": listed(stages[-1].effective),
        "outside": listed(leak),
        "growth": [{**dataclasses.asdict(stage), "effective": listed(stage.effective)} for stage in stages],
        "gradient": listed(gradient),
    }
    return Figure(
        "receptive-field",
        receptive.receptive_field(image, gradient, box, stages, title=title),
        numbers,
        lambda width, colour, most=None: _sketch(_grid(image, gradient, box, title), stages, width, colour, most),
    )


def measure(learner: Learner, images: np.ndarray, units: dict[str, Unit]) -> dict[str, np.ndarray]:
    """Return, for the unit of each layer, the mean |gradient| of its activations by each pixel.

    The activations of all channels are added up; magnitudes are added up over the channels of the
    pixels and averaged over the images.

    Args:
        learner: the network.
        images: uint8 [batch, height, width, channel].
        units: row and column by the name of the layer, from the first layer on without a gap.

    Returns:
        float64 [height, width] by the name of the layer.

    Reference: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural
    Networks", 2016, arXiv:1701.04128, section 3; unlike there, the images are real ones.
    """
    graph, state = nnx.split(learner)
    batch = jnp.asarray(images, jnp.float32) / 255

    def maps(state: nnx.State, batch: jax.Array) -> dict[str, jax.Array]:
        live = nnx.merge(graph, state)
        layers = live.network.backbone.feature_maps(live.normalize(batch))
        return dict(pair for pair, _ in zip(layers, units, strict=False))

    @jax.jit
    def magnitude(state: nnx.State, batch: jax.Array, asked: dict[str, jax.Array]) -> jax.Array:
        _, pull = jax.vjp(lambda batch: maps(state, batch), batch)
        return jnp.abs(pull(asked)[0]).sum(axis=-1).mean(axis=0)

    # Compiled once for all layers: which unit is asked for is data.
    shapes = jax.eval_shape(maps, state, batch)
    nothing = {name: np.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
    found = {}
    for name, (row, column) in units.items():
        asked = nothing[name].copy()
        asked[:, row, column] = 1
        found[name] = np.asarray(magnitude(state, batch, {**nothing, name: asked}), np.float64)
    return found


def effective(gradient: np.ndarray) -> float:
    """Return the side of a square that holds as many pixels as the gradient counts, or NaN where it is zero.

    The count is (Σ g)² / Σ g², the participation ratio: k² where g is the same on k × k pixels and
    zero elsewhere, and less the more of it gathers in the middle.
    """
    total = gradient.sum()
    return float(total / np.sqrt(np.square(gradient).sum())) if total else np.nan


def outside(gradient: np.ndarray, box: Box) -> float:
    """Return the share of the gradient that lies outside the analytic field."""
    rows, columns = (np.arange(side) for side in gradient.shape)
    inside_rows = (rows >= box.top) & (rows < box.top + box.height)
    inside = inside_rows[:, None] & (columns >= box.left) & (columns < box.left + box.width)
    return float(gradient[~inside].sum() / (gradient.sum() or 1.0))


def _untrained(options: ReceptiveField) -> Learner:
    train = subject.settings(options)
    learner = Learner(train, Learner.read(train).facts)
    learner.eval()
    return learner


def _images(options: ReceptiveField, run: TrainedRun | None, learner: Learner) -> np.ndarray:
    """Return uint8 [batch, height, width, channel]: the file that is named, or images of the validation split."""
    if options.image:
        return subject.example(options, run, learner.facts).pixels[None]
    return np.stack([each.pixels for each in subject.examples(options, options.samples, run, learner.facts)])


def _layers(learner: Learner, last: str, unit: str) -> list[_Layer]:
    """Return the layers up to `last`, each with the unit above the same pixel as the unit of `last`."""
    backbone = learner.network.backbone
    shapes = jax.eval_shape(lambda image: dict(backbone.feature_maps(image)), jnp.zeros([1, *learner.facts.image]))
    field, found = Field(), []
    for name, windows in backbone.geometry():
        field = field.through(windows)
        found.append(_Layer(name, field, shapes[name].shape[1:], (0, 0)))
        if name == last:
            break
    row, column = _unit(found[-1], unit)
    pixel = [found[-1].field.center + place * found[-1].field.jump for place in (row, column)]
    return [dataclasses.replace(each, unit=_above(each, pixel)) for each in found]


def _unit(layer: _Layer, unit: str) -> Unit:
    height, width, _ = layer.shape
    if not unit:
        return height // 2, width // 2
    row, column = (int(part) for part in unit.split(","))
    if row >= height or column >= width:
        raise UsageError(f"--unit must lie within the {height} × {width} units of {layer.name}, got {unit}")
    return row, column


def _above(layer: _Layer, pixel: Sequence[float]) -> Unit:
    """Return the unit whose field's middle is nearest to a pixel."""
    places = [
        min(max(round((place - layer.field.center) / layer.field.jump), 0), size - 1)
        for place, size in zip(pixel, layer.shape, strict=False)
    ]
    return places[0], places[1]


def _title(options: ReceptiveField, layer: _Layer, images: int, leak: float) -> str:
    field = layer.field
    which = f"unit {layer.unit[0]},{layer.unit[1]} of {layer.name}, whose maps are {layer.shape[0]} × {layer.shape[1]}"
    network = _UNTRAINED[options.arch] if options.run is None else Path(options.run).name
    seen = f"it sees {field.size} × {field.size} pixels, its neighbour those {field.jump} further on"
    measured = f"gradient over {images} image{'s' * (images > 1)}"
    beyond = (
        f"; {formats.percent(leak, 1)} of it outside the field, through group normalization" if leak > _LEAK else ""
    )
    return f"{which}: {seen} ({network}; {measured}{beyond})"


def _grid(image: np.ndarray, gradient: np.ndarray, box: Box, title: str) -> Grid:
    """Return what the terminal shows: it has no lines to draw a box with, so what lies outside is dimmed."""
    share = gradient / (gradient.max() or 1.0)
    decades = np.log10(np.maximum(share, _FAINTEST))
    seen = 0.2 * palette.as_colors(image)
    rows, columns = (
        slice(max(start, 0), max(start + size, 0)) for start, size in ((box.top, box.height), (box.left, box.width))
    )
    seen[rows, columns] *= 5
    tiles = [
        Tile(seen, "bright: the analytic field"),
        Tile(share, "|gradient|", "heat", (0.0, 1.0)),
        Tile(decades, f"its logarithm from {_FAINTEST:g}", "heat", (float(np.log10(_FAINTEST)), 0.0)),
    ]
    return Grid(title, [Row(tiles)])


def _sketch(grid: Grid, stages: Sequence[Stage], width: int, colour: bool, most: int | None) -> list[str]:
    labels, sizes = zip(*(_bars(stage) for stage in stages), strict=True)
    bars = terminal.bars(
        [label for pair in labels for label in pair],
        np.array([size for pair in sizes for size in pair]),
        width=width,
        colour=colour,
    )
    return terminal.below(
        [
            *terminal.grid(grid, width=width, height=12, per_line=3, colour=colour),
            "",
            *terminal.paragraph("side of the field in pixels, theoretical and, indented, measured", width),
        ],
        most,
        lambda left: terminal.cut(bars, left, "fields"),
    )


def _bars(stage: Stage) -> tuple[tuple[str, str], tuple[float, Any]]:
    return (f"{stage.layer}, stride {stage.stride}", "  measured"), (stage.size, stage.effective)
