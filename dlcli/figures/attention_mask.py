"""The masks of attention: which keys each query may attend to."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.options.text import AttentionMask
from dlcli.nn.attention import causal_mask, padding_mask, prefix_mask, sliding_window_mask
from dlcli.plot import page, terminal
from dlcli.plot.charts.tiles import Row, Tile, TileGrid
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
_AXES = ("query position", "key position")


def draw(options: AttentionMask, run: TrainedRun | None) -> Figure:
    """Show the masks of each shape of transformer."""
    shape = options.shape if run is None else run.options.shape
    time, memory = options.tokens, options.tokens + 2
    length = jnp.array([options.length])
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
    tiles = [
        Tile(mask.astype(np.float32), _CAPTIONS[name], "blues", (0.0, 1.5), (1, 1), axes=_AXES)
        for name, mask in shown.items()
    ]
    note = "shaded: the query (row) may attend to the key (column)"
    if "padding" in shown:
        note += f"; the source has {options.length} tokens and {memory - options.length} of padding"
    grid = TileGrid(f"attention masks, {shape or 'all shapes'}", [Row(tiles)], note)
    numbers = {
        "run": options.run,
        "shape": shape or None,
        "masks": {name: mask.tolist() for name, mask in shown.items()},
    }
    sketch = functools.partial(terminal.tiles.draw, grid, height=10, per_line=3)
    return Figure("attention-mask", page.tiles.draw(grid), numbers, sketch)
