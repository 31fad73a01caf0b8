"""What is drawn, as plain data: arrays, labels and titles. Imports neither matplotlib nor the terminal."""

from dlcli.plot.charts import (
    attention,
    confusion,
    embeddings,
    forward_process,
    gan_training,
    hidden_state,
    intervals,
    lines,
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
    "confusion",
    "embeddings",
    "forward_process",
    "gan_training",
    "hidden_state",
    "intervals",
    "lines",
    "receptive_field",
    "scatter",
    "strips",
    "surface",
    "tiles",
    "tokenization",
    "tokens",
]
