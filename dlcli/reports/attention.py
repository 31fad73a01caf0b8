"""The attention weights of a transformer, to hover over."""

from __future__ import annotations

import numpy as np

from dlcli import figures
from dlcli.figures.options.text import Attention
from dlcli.pages.elements import Element, Widget
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun

_WEIGHTS = 150_000  # on the page; a longer text is cut
_TOKENS = 32


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return the attention over a text of the validation split."""
    if run.technique != Attention.technique:
        return []
    per_token = run.options.layers * run.options.heads
    tokens = min(_TOKENS, max(4, int((_WEIGHTS / per_token) ** 0.5)))
    chosen = Attention(run=str(run.folder), use=options.use, tokens=tokens)
    found = figures.draw("attention", chosen, run).numbers
    weights = np.asarray(found["weights"])
    data = {
        "queries": found["queries"],
        "keys": found["keys"],
        "shape": list(weights.shape),
        "weights": np.rint(1000 * weights).astype(int).ravel().tolist(),
        "same": found["queries"] == found["keys"],
        "start": weights.shape[2] // 2,
    }
    title = "self-attention" if data["same"] else "cross-attention: the output attends to the input"
    return [Widget("attention", title, data)]
