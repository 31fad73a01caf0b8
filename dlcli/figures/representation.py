"""Encoded examples in the plane, layer by layer.

Reference: Hotelling, "Analysis of a Complex of Statistical Variables into Principal Components", 1933.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import held_out
from dlcli.figures.json_values import to_json
from dlcli.figures.options.representation import Representation
from dlcli.figures.subject import drawable
from dlcli.formats import percent, printable
from dlcli.metrics.projection import principal_components
from dlcli.nn import functional
from dlcli.nn.attention import padding_mask
from dlcli.plot import page, terminal
from dlcli.plot.charts.groups import GroupPanel, GroupsChart
from dlcli.runs.trained import TrainedRun

_BATCH = 100  # examples at once
_POSITIONS = 8  # rows and columns of a feature map
_MAX_PANELS = 8


def draw(options: Representation, run: TrainedRun) -> Figure:
    """Project the features of each layer to their principal components, and measure how well they separate classes."""
    classes = run.facts.classes
    examples = held_out.examples(options, run, options.count)
    layers = _features(run, examples)
    if len(layers) > _MAX_PANELS:
        kept = np.unique(np.rint(np.linspace(0, len(layers) - 1, _MAX_PANELS)).astype(int))
        layers = dict(list(layers.items())[index] for index in kept)
    panels, numbers = [], {}
    for name, features in layers.items():
        found = principal_components(features)
        accuracy = nearest_neighbor_accuracy(features, examples["label"])
        explained = " + ".join(percent(each, 0) for each in found.explained)
        caption = f"{name} ({features.shape[1]:,} features), 1-NN accuracy {percent(accuracy, 1)}"
        panels.append(GroupPanel(caption, found.positions, (f"components, {explained} of the variance", "")))
        numbers[name] = {
            "features": features.shape[1],
            "nearest_neighbor_accuracy": to_json(accuracy),
            "explained_variance": to_json(found.explained),
            "positions": to_json(found.positions),
        }
    count = len(examples["label"])
    title = f"representation of {count:,} validation examples by {printable(run.folder.name)}, layer by layer"
    images = [drawable(each) for each in examples["image"]] if options.thumbnails else None
    chart = GroupsChart(title, panels, examples["label"], classes, thumbnails=images)
    result = {"run": options.run, "classes": list(classes), "labels": examples["label"].tolist(), "layers": numbers}
    return Figure("representation", page.groups.draw(chart), result, functools.partial(terminal.groups.draw, chart))


def nearest_neighbor_accuracy(features: np.ndarray, labels: np.ndarray) -> float:
    """Return the fraction of examples whose nearest other example has the same label (leave-one-out)."""
    values = np.asarray(features, np.float64)
    squares = np.square(values).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * values @ values.T
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argmin(axis=1)] == labels).mean())


def _features(run: TrainedRun, examples: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the features of each layer by name, from the input to the output, float [example, feature] each."""
    layers = {"cnn": _of_cnn, "mlp": _of_mlp, "transformer": _of_transformer}[run.technique]
    names: list[str] = []

    def values(learner: Any, batch: dict[str, jax.Array]) -> list[jax.Array]:
        found = layers(learner, batch)
        names[:] = found  # when it is traced; a dictionary would be sorted
        return list(found.values())

    compute = functional.jit(values, run.learner)
    inputs = {name: examples[name] for name in ("features", "image", "tokens", "length") if name in examples}
    parts = [
        compute({name: values[start : start + _BATCH] for name, values in inputs.items()})
        for start in range(0, len(examples["label"]), _BATCH)
    ]
    joined = [np.concatenate([np.asarray(each, np.float32) for each in layer]) for layer in zip(*parts, strict=True)]
    return dict(zip(names, joined, strict=True))


def _of_cnn(learner: Any, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Return the maps of each layer, averaged to at most 8 × 8 positions, and the logits."""
    pixels = learner.normalize(batch["image"].astype(jnp.float32) / 255)
    maps = dict(learner.network.backbone.feature_maps(pixels))
    layers = {name: _flat(_reduced(each)) for name, each in maps.items()}
    return {"input": _flat(_reduced(pixels)), **layers, "logits": learner.network(pixels)}


def _reduced(maps: jax.Array) -> jax.Array:
    """Return maps [batch, height, width, channel] of at most 8 × 8 positions."""
    batch, height, width, channel = maps.shape
    shape = (batch, min(height, _POSITIONS), min(width, _POSITIONS), channel)
    return maps if shape == maps.shape else jax.image.resize(maps.astype(jnp.float32), shape, "linear")


def _of_mlp(learner: Any, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
    inputs = jnp.asarray(batch["features"])
    hidden = learner.network.activations(inputs)
    layers = {f"hidden layer {number}": each for number, each in enumerate(hidden, 1)}
    return {"input": inputs, **layers, "logits": learner.network(inputs)}


def _of_transformer(learner: Any, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Return the mean over the tokens of the embeddings and of the output of each block of an encoder."""
    network, mask = learner.network, padding_mask(batch["length"], batch["tokens"].shape[1])
    present = mask[:, 0, 0, :, None].astype(jnp.float32)
    embedded = network.embedding(batch["tokens"])
    outputs = network.stack.block_outputs(embedded, mask)
    layers = {"embeddings": embedded, **{f"block {number}": each for number, each in enumerate(outputs, 1)}}
    return {name: (each * present).sum(axis=1) / present.sum(axis=1) for name, each in layers.items()}


def _flat(values: jax.Array) -> jax.Array:
    return values.reshape(len(values), -1)
