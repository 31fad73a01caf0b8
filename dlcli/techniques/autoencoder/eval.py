"""Measures the reconstructions of an autoencoder on the test split."""

from __future__ import annotations

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.engine.evaluate import evaluate as measure
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.autoencoder.options import Eval

_MEANINGS = {
    "squared_error": ("squared error", "mean over the pixels in [0, 1]"),
    "reconstruction": ("reconstruction", "cross-entropy, nats per image"),
    "kl": ("KL divergence", "of codes from the standard normal, nats per image"),
}


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the loss and its parts."""
    found = measure(run, options)
    described = found.described()
    weight = f" + {run.options.kl_weight:g} KL" if run.options.variational else ""
    count = f"N = {described['loss']['n']:,.0f} images"
    rows = [("loss", formats.loss(described["loss"]["value"]), f"cross-entropy{weight}, nats per image, {count}")]
    rows += [
        (name, formats.loss(described[key]["value"]), note)
        for key, (name, note) in _MEANINGS.items()
        if key in described
    ]
    return Table(found.title, ["measure", "value", ""], rows, {**found.protocol, **described})
