"""An image under each random change of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure
from dlcli.data.images import augmentation, decoding
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.figures.numbers import listed
from dlcli.figures.options.images import Augmentation
from dlcli.options.augmentations import AUGMENTATIONS, parse_augmentation
from dlcli.plot import grids, inputs, terminal
from dlcli.plot.tiles import Tile
from dlcli.runs.trained import TrainedRun


def draw(options: Augmentation, run: TrainedRun | None) -> Figure:
    """Show some draws of each change by itself, then of all together, as training makes them."""
    strengths = _strengths(options, run)
    example = subject.example(options, run)
    changes = {name: {name: strength} for name, strength in strengths.items()}
    if len(strengths) > 1:
        changes["all together"] = strengths
    images, drawn = _draws(options.seed, _pairs(options, run, example.pixels), changes)
    rows = [(_label(name, change), _tiles(images[name], drawn[name])) for name, change in changes.items()]
    title = f"{example.source} under the random changes of training"
    grid = inputs.augmentation(subject.drawable(example.pixels), rows, title=title)
    numbers = {
        "run": options.run,
        "image": example.source,
        "strengths": strengths,
        "drawn": {name: {each: listed(values) for each, values in drawn[name].items()} for name in changes},
    }
    return Figure(
        "augmentation",
        grids.draw(grid),
        numbers,
        lambda width, colour, most=None: terminal.grid(
            grid, width=width, height=7, per_line=5, colour=colour, most=most
        ),
    )


def _strengths(options: Augmentation, run: TrainedRun | None) -> dict[str, float]:
    """Return the changes named, or those of the run, or all with their default strengths."""
    if options.augment or run is None:
        return parse_augmentation(options.augment or ",".join(AUGMENTATIONS))
    found = parse_augmentation(subject.settings(options, run).augment)
    if not found:
        raise UsageError(f"{run.folder} was trained without --augment; give --augment to see what it would be")
    return found


def _pairs(options: Augmentation, run: TrainedRun | None, image: np.ndarray) -> np.ndarray:
    """Return uint8 [2 · count, height, width, channel]: the image at odd places, each behind another for mixup."""
    split = subject.image_set(subject.settings(options, run)).splits["validation"]
    others = np.random.default_rng(options.seed).integers(len(split), size=options.count)
    fitted = [decoding.resize(_like(other, image.shape[-1]), image.shape[:2]) for other in split.images(others)]
    return np.stack([each for other in fitted for each in (other, image)])


def _like(image: np.ndarray, channels: int) -> np.ndarray:
    """Give an image so many channels; what has two or four, as arrays may, has no colours."""
    if image.shape[-1] not in (1, 3, channels):
        image = image.mean(axis=-1, keepdims=True).astype(image.dtype)
    return decoding.convert_channels(image, channels)


def _draws(
    seed: int, pairs: np.ndarray, changes: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """Change the images at odd places as training would; return them, and the numbers drawn, by the name of the row."""

    @jax.jit
    def change(key: jax.Array, images: jax.Array) -> Any:
        targets = jnp.zeros([len(images), 1])
        changed = {name: augmentation.augment(key, images, targets, each)[0] for name, each in changes.items()}
        return changed, {name: augmentation.draw(key, len(images), each) for name, each in changes.items()}

    found = change(jax.random.key(seed), jnp.asarray(pairs, jnp.float32) / 255)
    return jax.tree.map(lambda values: np.asarray(values)[1::2], found)


def _label(name: str, strengths: Mapping[str, float]) -> str:
    """Return a single change as the command line has it."""
    return f"{name}:{strengths[name]:g}" if name in strengths else name


def _tiles(images: np.ndarray, drawn: Mapping[str, np.ndarray]) -> list[Tile]:
    """Return the changed images; under those of a single change stands what was drawn."""
    captions = [""] * len(images)
    if len(drawn) == 1:
        captions = [_CAPTIONS[name](value) for name, values in drawn.items() for value in values]
    return [Tile(subject.drawable(image), caption) for image, caption in zip(images, captions, strict=True)]


# Each takes the numbers of one draw (see `dlcli.data.images.augmentation.draw`).
_CAPTIONS: dict[str, Callable[[Any], str]] = {
    "rotate": lambda degrees: f"{degrees:+.1f}°",
    "light": lambda factors: f"contrast {factors[0]:.2f}, bright {factors[1]:.2f}",
    "zoom": lambda factor: f"×{factor:.2f}",
    "noise": lambda deviation: f"deviation {deviation:.3g}",
    "shift": lambda shift: f"↓ {shift[0]:+d}, → {shift[1]:+d}",
    "flip": lambda mirrored: "mirrored" if mirrored else "as it was",
    "cutout": lambda square: f"side {formats.percent(float(square[2]), 0)}",
    "mixup": lambda share: f"own share {formats.percent(float(share), 0)}",
}
