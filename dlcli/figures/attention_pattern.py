"""Whom each position may ask: the masks of attention."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures.options.text import AttentionPattern
from dlcli.nn.attention import causal_mask, padding_mask
from dlcli.plot import grids, terminal
from dlcli.plot.tiles import Grid, Row, Tile
from dlcli.runs.trained import TrainedRun

_OF = {
    "decoder": ("causal",),
    "encoder": ("padding",),
    "encoder-decoder": ("padding", "causal", "cross"),
}
_TOLD = {
    "causal": "causal: a decoder's positions see themselves and what is before",
    "padding": "padding: an encoder's positions see all that is text",
    "cross": "cross: a decoder's positions see the text of the source",
}


def draw(options: AttentionPattern, run: TrainedRun | None) -> Figure:
    """Show the masks that the shapes need; blue marks who may be asked."""
    shape = options.shape if run is None else run.options.shape
    time, memory = options.tokens, options.tokens + 2
    length = jnp.array([options.length])
    masks = {
        "causal": causal_mask(time),
        "padding": jnp.broadcast_to(padding_mask(length, memory), (1, 1, memory, memory)),
        "cross": jnp.broadcast_to(padding_mask(length, memory), (1, 1, time, memory)),
    }
    shown = {name: np.asarray(masks[name][0, 0]) for name in (_OF[shape] if shape else masks)}
    tiles = [Tile(mask.astype(np.float32), _TOLD[name], "blues", (0.0, 1.5), (1, 1)) for name, mask in shown.items()]
    note = f"rows ask, columns answer; blue may be asked. The source has {options.length} tokens of {memory} places"
    grid = Grid(f"attention masks of {shape or 'all shapes'}", [Row(tiles)], note)
    numbers = {
        "run": options.run,
        "shape": shape or None,
        "masks": {name: mask.tolist() for name, mask in shown.items()},
    }
    return Figure(
        "attention-pattern",
        grids.draw(grid),
        numbers,
        lambda width, colour, most=None: terminal.grid(
            grid, width=width, height=10, per_line=3, colour=colour, most=most
        ),
    )
