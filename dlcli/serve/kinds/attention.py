"""The attention weights over a text, of every kind of transformer."""

from __future__ import annotations

import numpy as np

from dlcli.figures import attention
from dlcli.figures.options.text import Attention
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, TextBody, Values, single

_TOKENS = 48


def actions(run: TrainedRun) -> dict[str, Action]:
    """Return the entry of the API for a transformer; none for another technique."""
    if run.technique != Attention.technique:
        return {}

    def attend(body: TextBody) -> Values:
        given = {"run": str(run.folder), "use": run.use, "text": body.text, "tokens": _TOKENS}
        chosen = Attention.model_validate(given)
        chart, _ = attention.charted(chosen, run)
        return {
            "queries": list(chart.queries),
            "keys": list(chart.keys),
            "shape": list(chart.weights.shape),
            "weights": np.rint(1000 * chart.weights).astype(int).ravel().tolist(),
            "same": list(chart.queries) == list(chart.keys),
            "start": chart.weights.shape[2] - 1,
        }

    return {"attention": Action("Return the attention weights over a text.", TextBody, single(attend))}
