"""The table of a language model's test metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.metrics.perplexity import perplexity


def table(title: str, described: Mapping[str, Any], characters: int, protocol: Mapping[str, Any]) -> Table:
    """Return loss, perplexity and bits per character, with accuracy where it was measured.

    Args:
        title: of the table.
        described: of each metric; the loss is in nats per token.
        characters: of the text that was measured, which make models with different tokenizers comparable.
        protocol: of the measurement; `--json` prints it too.
    """
    loss = described["loss"]
    bits = loss["value"] * loss["n"] / math.log(2) / characters
    rows = [
        ("loss", formats.loss(loss["value"]), f"nats per token, N = {loss['n']:,.0f} tokens"),
        ("perplexity", formats.perplexity(loss["value"]), "exp(loss)"),
        ("bits per character", formats.loss(bits), f"of {characters:,} characters"),
    ]
    if "accuracy" in described:
        accuracy = described["accuracy"]
        rows.append(("accuracy", formats.percent(accuracy["value"]), formats.interval(accuracy)))
    more = {"perplexity": perplexity(loss["value"]), "bits_per_character": bits, "characters": characters}
    return Table(title, ["measure", "value", ""], rows, {**protocol, **described, **more})
