"""Charts as matplotlib figures, for files."""

import os

from dlcli.paths import cache_folder, expand_user, is_creatable

# Where matplotlib cannot use its own folder, it makes a temporary one per process and prints a warning.
if "MPLCONFIGDIR" not in os.environ and not is_creatable(
    expand_user(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "matplotlib"
):
    os.environ["MPLCONFIGDIR"] = str(cache_folder("matplotlib"))

from dlcli.plot.page import (  # after the environment variable, which matplotlib reads when it is imported
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
