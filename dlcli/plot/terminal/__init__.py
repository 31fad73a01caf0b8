"""Charts in characters, as lists of lines.

With `colour` the lines contain ANSI codes of 24-bit colours, which rich reduces to what the terminal can show. Without
it they are plain characters with the same content, for a pipe, NO_COLOR and TERM=dumb. No line is wider than `width`
columns, and no picture is taller than `max_lines`: what does not fit is left out, and a line says how much.
"""

from dlcli.plot.terminal import (
    attention,
    basins,
    confusion,
    convolution,
    decision_boundary,
    embeddings,
    field,
    forward_process,
    gan_training,
    groups,
    hidden_state,
    intervals,
    landscape,
    lines,
    positions,
    receptive_field,
    scatter,
    strips,
    surface,
    tiles,
    tokenization,
    tokens,
)

__all__ = [
    "attention",
    "basins",
    "confusion",
    "convolution",
    "decision_boundary",
    "embeddings",
    "field",
    "forward_process",
    "gan_training",
    "groups",
    "hidden_state",
    "intervals",
    "landscape",
    "lines",
    "positions",
    "receptive_field",
    "scatter",
    "strips",
    "surface",
    "tiles",
    "tokenization",
    "tokens",
]
