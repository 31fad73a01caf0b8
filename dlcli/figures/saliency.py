"""The evidence for a class in an image.

Reference: Selvaraju et al., "Grad-CAM", 2017, arXiv:1610.02391, section 3; Simonyan, Vedaldi and
Zisserman, "Deep Inside Convolutional Networks", 2014, arXiv:1312.6034, section 3.1.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.attributions import Attributions, attributions
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Saliency
from dlcli.figures.subject import Example
from dlcli.nearest import chosen
from dlcli.nn import functional
from dlcli.plot import page, palette, terminal
from dlcli.plot.charts.tiles import ColorScale, Row, Tile, TileGrid
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner

_TOP, _BAR_LENGTH, _BAR_HEIGHT = 5, 100, 4  # classes, and the pixels of a bar of probability 1


def draw(options: Saliency, run: TrainedRun) -> Figure:
    """Show Grad-CAM and the input gradient for the predicted class, or another."""
    learner: Learner = run.learner
    classes, names = learner.facts.classes, learner.network.backbone.names
    layer = chosen("--layer", options.layer or last_convolution(learner), names)
    example = subject.example(options, run, learner.facts)
    probabilities = np.exp(np.asarray(learner.log_probabilities(example.pixels[None])[0]))
    label = classes.index(chosen("--class", options.class_, classes)) if options.class_ else int(probabilities.argmax())
    importance, gradient = explain(learner, layer, label, example.pixels)
    note = f"explained class: {classes[label]} (red: for it, blue: against it); Grad-CAM of layer {layer}; "
    note += Path(options.run).name
    title = _title(example, probabilities, classes)
    found = attributions(learner, label, example.pixels)
    grid = saliency_grid(subject.drawable(example.pixels), importance, gradient, title=title, note=note)
    bars, listed = _bars(probabilities, classes)
    rows = [*grid.rows, _attribution_row(found)]
    page_grid = dataclasses.replace(grid, rows=[*rows, Row([bars])])
    grid = dataclasses.replace(grid, rows=rows, note=f"{note}; most likely: {listed}")
    numbers = {
        "run": options.run,
        "image": example.source,
        "true_class": None if example.label is None else classes[example.label],
        "predicted_class": classes[probabilities.argmax()],
        "probabilities": dict(zip(classes, to_json(probabilities), strict=True)),
        "explained_class": classes[label],
        "layer": layer,
        "grad_cam": to_json(importance),
        "input_gradient": to_json(gradient),
        "smooth_gradient": to_json(found.smooth_gradient),
        "integrated_gradients": to_json(found.integrated_gradients),
        "occlusion": to_json(found.occlusion),
    }
    return Figure("saliency", page.tiles.draw(page_grid), numbers, functools.partial(terminal.tiles.draw, grid))


def _attribution_row(found: Attributions) -> Row:
    """Return the maps of the other methods; in signed ones, red speaks for the class and blue against it."""
    signed: list[tuple[np.ndarray, str]] = [
        (found.integrated_gradients, "integrated gradients (from black)"),
        (found.occlusion, "occlusion: fall of the logit"),
    ]
    tiles = [Tile(found.smooth_gradient, "SmoothGrad", "heat", (0.0, float(found.smooth_gradient.max()) or 1.0))]
    for values, caption in signed:
        largest = float(np.abs(values).max()) or 1.0
        tiles.append(Tile(values, f"{caption}, ± {largest:.2g}", "signed", (-largest, largest)))
    return Row(tiles)


def _bars(probabilities: np.ndarray, classes: Sequence[str]) -> tuple[Tile, str]:
    """Return horizontal bars of the most likely classes as a small picture, and the classes as text."""
    best = np.argsort(-probabilities, kind="stable")[:_TOP]
    lengths = np.arange(_BAR_LENGTH) < np.round(probabilities[best] * _BAR_LENGTH)[:, None]
    names = [f"{classes[number]} {formats.percent(float(probabilities[number]), 1)}" for number in best]
    bars = np.zeros([2 * len(best), _BAR_LENGTH])
    bars[::2] = np.where(lengths, 0.7, 0.0)
    ticks = [label for name in names for label in (name, "")]
    bars = np.repeat(bars, _BAR_HEIGHT, axis=0)
    return Tile(bars, "most likely classes", "blues", (0.0, 1.0), ticks=(ticks, [])), ", ".join(names)


def saliency_grid(
    image: np.ndarray, importance: np.ndarray, gradient: np.ndarray, *, title: str, note: str = ""
) -> TileGrid:
    """Arrange an image, Grad-CAM over the image, and the input gradient.

    Args:
        image: [height, width] with no, one or three channels.
        importance: Grad-CAM, non-negative float [height, width].
        gradient: of the logit by the pixels, the largest magnitude over the channels, float [height, width].
        title: title of the picture; it should name the class and its probability.
        note: text below the title.
    """
    largest = float(np.abs(gradient).max())
    overlay = palette.overlay(image, importance, (0.0, float(importance.max())))
    tiles = [
        Tile(image, "input"),
        Tile(overlay, "class evidence (Grad-CAM)"),
        Tile(np.abs(gradient), "|input gradient|", "heat", (0.0, largest)),
    ]
    return TileGrid(title, [Row(tiles)], note, ColorScale("heat", (0.0, 1.0), "relative to the maximum of each map"))


def explain(learner: Learner, layer: str, label: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Grad-CAM, and the input gradient with the largest magnitude over the channels, float [height, width].

    Args:
        learner: the trained network.
        layer: layer whose maps Grad-CAM weights.
        label: index of the class whose logit is explained.
        image: uint8 [height, width, channel]; the gradient is with respect to pixels in [0, 1].
    """
    return explainer(learner, layer)(label, image)


def explainer(learner: Learner, layer: str) -> Callable[[int, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a compiled function from the label and the image to the result of `explain`."""

    def gradients(learner: Learner, label: int, image: jax.Array) -> tuple[jax.Array, jax.Array]:
        backbone, head = learner.network.backbone, learner.network.head
        cut = backbone.names.index(layer) + 1

        def through(x: jax.Array, names: tuple[str, ...]) -> jax.Array:
            for name in names:
                x = backbone.layers[name](x)
            return x

        def before(image: jax.Array) -> jax.Array:
            return through(learner.normalize(image).astype(backbone.dtype), backbone.names[:cut])

        def after(maps: jax.Array) -> jax.Array:
            return head(through(maps, backbone.names[cut:]))[0, label]

        maps, pull = jax.vjp(before, image)
        by_maps = jax.grad(after)(maps)
        weights = by_maps.mean(axis=(1, 2), keepdims=True, dtype=jnp.float32)  # equation 1 of Grad-CAM
        importance = jax.nn.relu((weights * maps).sum(axis=-1))[0]  # equation 2
        return jax.image.resize(importance, image.shape[1:3], "bilinear"), jnp.abs(pull(by_maps)[0]).max(axis=-1)[0]

    compiled = functional.jit(gradients, learner)

    def computed(label: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = compiled(label, image[None].astype(np.float32) / 255)
        return np.asarray(found[0]), np.asarray(found[1])

    return computed


def last_convolution(learner: Learner) -> str:
    """Return the layer with the last convolution, the default of Grad-CAM."""
    last = list(learner.network.convolutions())[-1]
    return last.split(".")[0]


def _title(example: Example, probabilities: np.ndarray, classes: tuple[str, ...]) -> str:
    best = int(probabilities.argmax())
    predicted = f"predicted {classes[best]} ({formats.percent(probabilities[best], 1)})"
    if example.label is None:
        return f"{example.source}: {predicted}"
    return f"{example.source}: true class {classes[example.label]}, {predicted}"
