"""The probability of each token of a text under a language model, with the alternatives."""

from __future__ import annotations

from dlcli import figures
from dlcli.figures.options.text import TokenProbabilities
from dlcli.options.fields import can_read
from dlcli.pages.elements import Element, Widget
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun

_TOP = 6  # alternatives per token


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return the tokens of a text of the validation split."""
    text = example(run)
    if run.technique not in TokenProbabilities.technique or not text:
        return []
    if not can_read(TokenProbabilities, run.files.raw("options.json")):
        return []
    chosen = TokenProbabilities(run=str(run.folder), use=options.use, text=text, top=_TOP)
    found = figures.draw("token-probabilities", chosen, run).numbers
    data = {
        "tokens": found["tokens"],
        "probabilities": found["probabilities"],
        "top": [list(map(list, each.items())) for each in found["top_tokens"]],
    }
    return [Widget("tokens", "", data)]


def example(run: TrainedRun) -> str:
    """Return the start of a text of the validation split, which `run.json` has; "" if it has none."""
    found = run.files.raw("run.json").get("example")
    return found if isinstance(found, str) else ""
