"""The probability of each token of a text, and the most likely tokens at its position."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import language
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import TokenProbabilities
from dlcli.plot import page, terminal
from dlcli.plot.charts.tokens import TokensChart
from dlcli.runs.trained import TrainedRun


def draw(options: TokenProbabilities, run: TrainedRun) -> Figure:
    """Show the probability and surprisal of each token, and the most likely tokens at its position."""
    learner = run.learner
    found, tokenizer = language.read(learner.facts, options.text)
    table = np.asarray(learner.next_log_probabilities(found[None, :-1])[0], np.float64)  # [token, vocab]
    probabilities = np.exp(np.take_along_axis(table, found[1:, None].astype(np.int64), axis=-1)[:, 0])
    ranked = np.argsort(-table, axis=-1, kind="stable")[:, : options.top]
    top_probabilities = np.exp(np.take_along_axis(table, ranked, axis=-1))
    top_tokens = [tokenizer.pieces(row) for row in ranked]
    bits = -np.log2(probabilities)
    title = f"token probabilities of {Path(options.run).name}: {len(bits)} tokens, {bits.sum():.1f} bits, "
    title += f"{bits.mean():.2f} bits per token"
    chart = TokensChart(title, tokenizer.pieces(found[1:]), probabilities, top_tokens, top_probabilities)
    numbers = {
        "run": options.run,
        "text": options.text,
        "tokens": chart.tokens,
        "probabilities": to_json(probabilities),
        "surprisal": to_json(bits),
        "top_tokens": [
            dict(zip(names, to_json(row), strict=True))
            for names, row in zip(top_tokens, top_probabilities, strict=True)
        ],
    }
    drawing = page.tokens.draw(chart)
    return Figure("token-probabilities", drawing, numbers, functools.partial(terminal.tokens.draw, chart))
