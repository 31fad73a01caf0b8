"""The receptive field of a unit: theoretical, and effective by its input gradient."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import ReceptiveField
from dlcli.nearest import chosen
from dlcli.nn import functional
from dlcli.nn.receptive_field import ReceptiveField as Field
from dlcli.plot import page, terminal
from dlcli.plot.charts.receptive_field import Box, LayerField, ReceptiveFieldChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner

Unit = tuple[int, int]  # row and column

_UNTRAINED = {
    "small": "untrained small",
    "resnet": "untrained resnet, whose residual branches start at zero",
    "plain": "untrained plain network",
    "convnext": "untrained convnext, whose residual branches start near zero",
    "airbench": "untrained airbench, whose first output channels start as copies of input channels",
}
_MIN_OUTSIDE = 1e-3  # fraction of the gradient outside the theoretical field that the title mentions


@dataclasses.dataclass(frozen=True)
class _Layer:
    """A layer.

    Attributes:
        name: name of the layer.
        field: receptive field of its units.
        shape: height, width and channels of its output.
        unit: the unit that is examined.
    """

    name: str
    field: Field
    shape: tuple[int, ...]
    unit: Unit

    def box(self) -> Box:
        (top, _), (left, _) = (self.field.interval(place) for place in self.unit)
        return Box(top, left, self.field.size, self.field.size)


def draw(options: ReceptiveField, run: TrainedRun | None) -> Figure:
    """Draw the theoretical and the effective field of a unit, and the size of the fields of all layers."""
    learner = _untrained(options) if run is None else run.learner
    names = learner.network.backbone.names
    last = chosen("--layer", options.layer or names[-1], names)
    images = _images(options, run, learner)
    layers = _layers(learner, last, options.unit)
    gradients = measure(learner, images, {layer.name: layer.unit for layer in layers})
    fields = [
        LayerField(each.name, each.field.size, each.field.jump, effective(gradients[each.name])) for each in layers
    ]
    box, gradient = layers[-1].box(), gradients[last]
    fraction = outside(gradient, box)
    title = _title(options, layers[-1], len(images), fraction)
    chart = ReceptiveFieldChart(title, subject.drawable(images[0]), gradient, box, fields)
    numbers = {
        "run": options.run,
        "layer": last,
        "unit": list(layers[-1].unit),
        "images": len(images),
        "field": dataclasses.asdict(box),
        "stride": fields[-1].stride,
        "effective": to_json(fields[-1].effective),
        "gradient_outside": to_json(fraction),
        "layers": [{**dataclasses.asdict(each), "effective": to_json(each.effective)} for each in fields],
        "gradient": to_json(gradient),
    }
    drawing = page.receptive_field.draw(chart)
    return Figure("receptive-field", drawing, numbers, functools.partial(terminal.receptive_field.draw, chart))


def measure(learner: Learner, images: np.ndarray, units: dict[str, Unit]) -> dict[str, np.ndarray]:
    """Return, for one unit per layer, the mean over images of |d activation / d pixel|.

    The activations are summed over the channels of the layer, the magnitudes over the channels of the image.

    Args:
        learner: the network.
        images: uint8 [batch, height, width, channel].
        units: row and column by the name of the layer, for the first layers without a gap.

    Returns:
        float64 [height, width] by the name of the layer.

    Reference: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural
    Networks", 2016, arXiv:1701.04128, section 3; here with real images instead of random ones.
    """
    batch = jnp.asarray(images, jnp.float32) / 255

    def maps(learner: Learner, batch: jax.Array) -> dict[str, jax.Array]:
        layers = learner.network.backbone.feature_maps(learner.normalize(batch))
        return dict(pair for pair, _ in zip(layers, units, strict=False))

    def magnitude(learner: Learner, batch: jax.Array, cotangents: dict[str, jax.Array]) -> jax.Array:
        _, pull = jax.vjp(lambda batch: maps(learner, batch), batch)
        return jnp.abs(pull(cotangents)[0]).sum(axis=-1).mean(axis=0)

    # Compiled once for all layers, because the unit is part of the cotangents.
    measured = functional.jit(magnitude, learner)
    shapes = jax.eval_shape(functional.jit(maps, learner), batch)
    zeros = {name: np.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
    found = {}
    for name, (row, column) in units.items():
        one_hot = zeros[name].copy()
        one_hot[:, row, column] = 1
        found[name] = np.asarray(measured(batch, {**zeros, name: one_hot}), np.float64)
    return found


def effective(gradient: np.ndarray) -> float:
    """Return the side of a square with the effective number of pixels of the gradient, or NaN if the gradient is 0.

    The effective number is the participation ratio (Σ g)² / Σ g²: k² where g is constant on k × k pixels and zero
    elsewhere, and smaller the more it is concentrated.
    """
    total = gradient.sum()
    return float(total / np.sqrt(np.square(gradient).sum())) if total else np.nan


def outside(gradient: np.ndarray, box: Box) -> float:
    """Return the fraction of the gradient outside the theoretical field."""
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
    """Return the image of `--image`, or images of the validation split, uint8 [batch, height, width, channel]."""
    if options.image:
        return subject.example(options, run, learner.facts).pixels[None]
    return np.stack([each.pixels for each in subject.examples(options, options.samples, run, learner.facts)])


def _layers(learner: Learner, last: str, unit: str) -> list[_Layer]:
    """Return the layers up to `last`, each with the unit whose field has the same centre as that of `last`."""
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
    return [dataclasses.replace(each, unit=_nearest_unit(each, pixel)) for each in found]


def _unit(layer: _Layer, unit: str) -> Unit:
    height, width, _ = layer.shape
    if not unit:
        return height // 2, width // 2
    row, column = (int(part) for part in unit.split(","))
    if row >= height or column >= width:
        raise UsageError(f"--unit must be one of the {height} × {width} units of {layer.name}, got {unit}")
    return row, column


def _nearest_unit(layer: _Layer, pixel: Sequence[float]) -> Unit:
    """Return the unit whose field has its centre nearest to a pixel."""
    places = [
        min(max(round((place - layer.field.center) / layer.field.jump), 0), size - 1)
        for place, size in zip(pixel, layer.shape, strict=False)
    ]
    return places[0], places[1]


def _title(options: ReceptiveField, layer: _Layer, images: int, fraction: float) -> str:
    field, unit = layer.field, "({}, {})".format(*layer.unit)
    network = _UNTRAINED[options.arch] if options.run is None else Path(options.run).name
    size = f"{field.size} × {field.size} pixels, stride {field.jump}"
    gradient = f"input gradient over {images} image{'s' * (images > 1)}"
    beyond = f", {formats.percent(fraction, 1)} outside the field" if fraction > _MIN_OUTSIDE else ""
    cause = " (group normalization)" if beyond else ""
    return f"receptive field of unit {unit} in {layer.name}: {size}; {network}; {gradient}{beyond}{cause}"
