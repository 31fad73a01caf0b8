"""The masks of attention: which keys each query may attend to."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.options.text import AttentionMask
from dlcli.nn.attention import causal_mask, padding_mask, prefix_mask, sliding_window_mask
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import Tile, TileGrid, in_rows
from dlcli.runs.trained import TrainedRun

_MASKS = {
    "decoder": ("causal", "sliding", "prefix"),
    "encoder": ("padding",),
    "encoder-decoder": ("padding", "causal", "cross"),
}
_CAPTIONS = {
    "causal": "causal mask: decoder self-attention",
    "sliding": "sliding window: the last positions only",
    "prefix": "prefix mask: the prefix in both directions",
    "padding": "padding mask: encoder self-attention",
    "cross": "padding mask: cross-attention from decoder to encoder",
}
_SIDES = {"padding": ("encoder", "encoder"), "cross": ("decoder", "encoder")}  # of queries and keys; default: decoder
_AXES = ("query", "key")
_PER_ROW = 3


def draw(options: AttentionMask, run: TrainedRun | None) -> Figure:
    """Show the masks of each shape of transformer."""
    shape = options.shape if run is None else run.options.shape
    time, memory = options.positions, options.positions + 2
    length = jnp.array([options.source_length])
    masks = {
        "causal": causal_mask(time),
        "sliding": sliding_window_mask(time, options.window),
        "prefix": prefix_mask(time, options.prefix),
        "padding": jnp.broadcast_to(padding_mask(length, memory), (1, 1, memory, memory)),
        "cross": jnp.broadcast_to(padding_mask(length, memory), (1, 1, time, memory)),
    }
    shown = {name: np.asarray(masks[name][0, 0]) for name in (_MASKS[shape] if shape else masks)}
    if run is not None:  # whose decoder has neither
        shown = {name: mask for name, mask in shown.items() if name not in ("sliding", "prefix")}
    labels = _labels(options)
    tiles = [_tile(name, mask, labels) for name, mask in shown.items()]
    note = "shaded: the query (row) may attend to the key (column)"
    if "padding" in shown:
        note += f"; the source has {options.source_length} tokens and {memory - options.source_length} of padding"
    rows = in_rows(tiles, _PER_ROW if labels else len(tiles))
    grid = TileGrid(f"attention masks, {shape or 'all shapes'}", rows, note)
    numbers = {
        "run": options.run,
        "shape": shape or None,
        "labels": labels or None,
        "masks": {name: mask.tolist() for name, mask in shown.items()},
    }
    drawing = page.tiles.draw(grid)
    if labels:
        words = ", ".join(f"{number} {word}" for number, word in enumerate(labels["decoder"], start=1))
        grid = dataclasses.replace(grid, note=f"{note}; positions: {words}")
    sketch = functools.partial(terminal.tiles.draw, grid, height=10, per_line=3)
    return Figure("attention-mask", drawing, numbers, sketch)


def _labels(options: AttentionMask) -> dict[str, list[str]]:
    """Return the words at the positions of the decoder and of the encoder; {} with `--tokens`."""
    if options.tokens:
        return {}
    words = options.text.split()
    source = [*words, *("." * 2)][: options.source_length]
    return {"decoder": words, "encoder": [*source, *["<pad>"] * (options.positions + 2 - len(source))]}


def _tile(name: str, mask: np.ndarray, labels: Mapping[str, Sequence[str]]) -> Tile:
    queries, keys = _SIDES.get(name, ("decoder", "decoder"))
    ticks = (labels[queries], labels[keys]) if labels else None
    return Tile(mask.astype(np.float32), _CAPTIONS[name], "blues", (0.0, 1.5), (1, 1), axes=_AXES, ticks=ticks)
