"""Where an image speaks for a class.

Reference: Selvaraju et al., "Grad-CAM", 2017, arXiv:1610.02391, section 3; Simonyan, Vedaldi and
Zisserman, "Deep Inside Convolutional Networks", 2014, arXiv:1312.6034, section 3.1.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import Saliency
from dlcli.figures.subject import Example
from dlcli.nearest import chosen
from dlcli.plot import grids, inputs, terminal
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.cnn.learner import Learner


def draw(options: Saliency, run: TrainedRun) -> Figure:
    """Show Grad-CAM and the input gradient for the predicted class or another."""
    learner: Learner = run.learner
    classes, names = learner.facts.classes, learner.network.backbone.names
    layer = chosen("--layer", options.layer or _last_convolution(learner), names)
    example = subject.example(options, run, learner.facts)
    shares = np.exp(np.asarray(learner.log_probabilities(example.pixels[None])[0]))
    label = classes.index(chosen("--label", options.label, classes)) if options.label else int(shares.argmax())
    importance, gradient = explain(learner, layer, label, example.pixels)
    note = f"for class {classes[label]}, by the maps of {layer}; {Path(options.run).name}"
    title = _title(example, shares, classes)
    grid = inputs.saliency(subject.drawable(example.pixels), importance, gradient, title=title, note=note)
    numbers = {
        "run": options.run,
        "image": example.source,
        "true": None if example.label is None else classes[example.label],
        "predicted": classes[shares.argmax()],
        "probabilities": dict(zip(classes, listed(shares), strict=True)),
        "explained": classes[label],
        "layer": layer,
        "grad_cam": listed(importance),
        "gradient": listed(gradient),
    }
    return Figure(
        "saliency",
        grids.draw(grid),
        numbers,
        lambda width, colour, most=None: terminal.grid(grid, width=width, colour=colour, most=most),
    )


def explain(learner: Learner, layer: str, label: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Grad-CAM and the largest magnitude of the gradient over the channels, float [height, width] each.

    Args:
        learner: the trained network.
        layer: whose maps Grad-CAM weighs.
        label: class whose logit is explained.
        image: uint8 [height, width, channel]; the gradient is by pixels in [0, 1].
    """
    graph, state = nnx.split(learner)

    @jax.jit
    def gradients(state: nnx.State, image: jax.Array) -> tuple[jax.Array, jax.Array]:
        live = nnx.merge(graph, state)
        backbone, head = live.network.backbone, live.network.head
        cut = backbone.names.index(layer) + 1

        def through(x: jax.Array, names: tuple[str, ...]) -> jax.Array:
            for name in names:
                x = backbone.layers[name](x)
            return x

        def before(image: jax.Array) -> jax.Array:
            return through(live.normalize(image).astype(backbone.dtype), backbone.names[:cut])

        def after(maps: jax.Array) -> jax.Array:
            return head(through(maps, backbone.names[cut:]))[0, label]

        maps, pull = jax.vjp(before, image)
        by_maps = jax.grad(after)(maps)
        weights = by_maps.mean(axis=(1, 2), keepdims=True, dtype=jnp.float32)  # equation 1 of Grad-CAM
        importance = jax.nn.relu((weights * maps).sum(axis=-1))[0]  # equation 2
        return jax.image.resize(importance, image.shape[1:3], "bilinear"), jnp.abs(pull(by_maps)[0]).max(axis=-1)[0]

    found = gradients(state, image[None].astype(np.float32) / 255)
    return np.asarray(found[0]), np.asarray(found[1])


def _last_convolution(learner: Learner) -> str:
    """Return the layer with the last convolution, which Grad-CAM takes: behind it only pooling is left."""
    last = list(learner.network.convolutions())[-1]
    return last.split(".")[0]


def _title(example: Example, shares: np.ndarray, classes: tuple[str, ...]) -> str:
    best = int(shares.argmax())
    predicted = f"predicted {classes[best]} with {formats.percent(shares[best], 1)}"
    if example.label is None:
        return f"{example.source}: {predicted}"
    return f"{example.source}: true class {classes[example.label]}, {predicted}"
