"""An image under each random augmentation of training."""

from __future__ import annotations

import dataclasses
import functools
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
from dlcli.figures.json_values import to_json
from dlcli.figures.options.images import Augmentation
from dlcli.options.augmentations import AUGMENTATIONS, parse_augmentation
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import Row, Tile, TileGrid, in_rows
from dlcli.runs.trained import TrainedRun

_TALL = 5  # rows that fit on a slide one below the other
_PER_LINE = 5  # samples side by side in the terminal


def draw(options: Augmentation, run: TrainedRun | None) -> Figure:
    """Show samples of each augmentation, then of all combined, as training applies them."""
    strengths = _strengths(options, run)
    example = subject.example(options, run)
    changes = {name: {name: strength} for name, strength in strengths.items()}
    if len(strengths) > 1:
        changes["all combined"] = strengths
    images, parameters = _samples(options.seed, _pairs(options, run, example.pixels), changes)
    original = Tile(subject.drawable(example.pixels), "original")
    rows = [
        Row([original, *_tiles(images[name], parameters[name])], _label(name, change))
        for name, change in changes.items()
    ]
    abreast = 2 if len(rows) > _TALL else 1
    grid = TileGrid(f"random augmentations of training: {example.source}", rows, abreast=abreast)
    numbers = {
        "run": options.run,
        "image": example.source,
        "strengths": strengths,
        "parameters": {name: {each: to_json(values) for each, values in parameters[name].items()} for name in changes},
    }
    return Figure("augmentation", page.tiles.draw(grid), numbers, functools.partial(_sketch, grid))


def _sketch(grid: TileGrid, width: int = 80, colour: bool = True, max_lines: int | None = None) -> list[str]:
    """Draw the rows, or where they do not fit in `max_lines`, one sample of each augmentation."""
    lines = terminal.tiles.draw(grid, width, colour, height=7, per_line=_PER_LINE)
    if max_lines is None or len(lines) <= max_lines:
        return lines
    samples = [dataclasses.replace(row.tiles[1], caption=row.label) for row in grid.rows]
    compact = TileGrid(
        f"{grid.title}; one sample of each, --full shows all", in_rows([grid.rows[0].tiles[0], *samples], _PER_LINE)
    )
    return terminal.tiles.draw(compact, width, colour, max_lines, height=6, per_line=_PER_LINE)


def _strengths(options: Augmentation, run: TrainedRun | None) -> dict[str, float]:
    """Return the augmentations of `--augment`, or of the run, or all with their default strengths."""
    if options.augment or run is None:
        return parse_augmentation(options.augment or ",".join(AUGMENTATIONS))
    found = parse_augmentation(subject.settings(options, run).augment)
    if not found:
        raise UsageError(f"{run.folder} was trained without --augment: give --augment, or leave out --run")
    return found


def _pairs(options: Augmentation, run: TrainedRun | None, image: np.ndarray) -> np.ndarray:
    """Return uint8 [2 · count, height, width, channel]: the image at odd indices, each after an image for mixup."""
    split = subject.image_set(subject.settings(options, run)).splits["validation"]
    others = np.random.default_rng(options.seed).integers(len(split), size=options.count)
    fitted = [decoding.resize(_like(other, image.shape[-1]), image.shape[:2]) for other in split.images(others)]
    return np.stack([each for other in fitted for each in (other, image)])


def _like(image: np.ndarray, channels: int) -> np.ndarray:
    """Convert an image to this number of channels; two or four channels, as in arrays, are averaged first."""
    if image.shape[-1] not in (1, 3, channels):
        image = image.mean(axis=-1, keepdims=True).astype(image.dtype)
    return decoding.convert_channels(image, channels)


def _samples(
    seed: int, pairs: np.ndarray, changes: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """Augment the images at odd indices as training does; return them, and the sampled parameters, by row."""

    @jax.jit
    def change(key: jax.Array, images: jax.Array) -> Any:
        targets = jnp.zeros([len(images), 1])
        changed = {name: augmentation.augment(key, images, targets, each)[0] for name, each in changes.items()}
        return changed, {name: augmentation.draw(key, len(images), each) for name, each in changes.items()}

    found = change(jax.random.key(seed), jnp.asarray(pairs, jnp.float32) / 255)
    return jax.tree.map(lambda values: np.asarray(values)[1::2], found)


def _label(name: str, strengths: Mapping[str, float]) -> str:
    """Return NAME:STRENGTH for a single augmentation."""
    return f"{name}:{strengths[name]:g}" if name in strengths else name


def _tiles(images: np.ndarray, parameters: Mapping[str, np.ndarray]) -> list[Tile]:
    """Return the augmented images; the captions of a single augmentation are its sampled parameters."""
    captions = [""] * len(images)
    if len(parameters) == 1:
        captions = [_CAPTIONS[name](value) for name, values in parameters.items() for value in values]
    return [Tile(subject.drawable(image), caption) for image, caption in zip(images, captions, strict=True)]


def _inside(box: np.ndarray) -> float:
    """Return the area of a box of CutMix within the image, as a fraction of the image."""
    sides = np.minimum(box[:2] + box[2] / 2, 1) - np.maximum(box[:2] - box[2] / 2, 0)
    return float(sides.prod())


def _operations(changes: np.ndarray) -> list[str]:
    """Return the operations of RandAugment that were drawn."""
    degrees, factor, down, right, contrast, brightness, threshold, levels = map(float, changes)
    written = {
        f"{degrees:+.0f}°": degrees != 0,
        f"×{factor:.2f}": factor != 1,
        f"down {formats.percent(down, 0)}": down != 0,
        f"right {formats.percent(right, 0)}": right != 0,
        f"contrast {contrast:.2f}": contrast != 1,
        f"brightness {brightness:.2f}": brightness != 1,
        f"solarize above {threshold:.2f}": threshold != 1,
        f"{levels:.0f} levels": levels != 0,
    }
    return [name for name, drawn in written.items() if drawn]


# Each formats the parameters of one sample (see `dlcli.data.images.augmentation.draw`).
_CAPTIONS: dict[str, Callable[[Any], str]] = {
    "rotate": lambda degrees: f"{degrees:+.1f}°",
    "light": lambda factors: f"contrast {factors[0]:.2f}, brightness {factors[1]:.2f}",
    "zoom": lambda factor: f"×{factor:.2f}",
    "noise": lambda sigma: f"sigma {sigma:.3g}",
    "shift": lambda shift: f"dy {shift[0]:+d}, dx {shift[1]:+d}",
    "flip": lambda flipped: "flipped" if flipped else "not flipped",
    "cutout": lambda square: f"side {formats.percent(float(square[2]), 0)}",
    "alternating-flip": lambda flipped: "flipped" if flipped else "not flipped",
    "mixup": lambda weight: f"lambda {weight:.2f}",
    "crop": lambda box: f"side {formats.percent(float(box[2]), 0)}",
    "jitter": lambda change: f"saturation ×{change[0]:.2f}, hue {change[1]:+.0f}°",
    "cutmix": lambda box: f"box of {formats.percent(_inside(box), 0)}",
    "randaugment": lambda changes: ", ".join(_operations(changes)),
}
