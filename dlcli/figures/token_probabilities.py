"""The probability of each token of a text, and the most likely tokens at its position."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import language
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import TokenProbabilities
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.tokens import TokensChart
from dlcli.runs.trained import TrainedRun


def draw(options: TokenProbabilities, run: TrainedRun) -> Figure:
    """Show the probability and surprisal of each token, and the most likely tokens at its position."""
    tokens, probabilities, top_tokens, top_probabilities = measured(run, options.text, options.top)
    bits = -np.log2(probabilities)
    title = f"token probabilities of {Path(options.run).name}: {len(bits)} tokens, {bits.sum():.1f} bits, "
    title += f"{bits.mean():.2f} bits per token"
    chart = TokensChart(title, tokens, probabilities, top_tokens, top_probabilities)
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


def measured(run: TrainedRun, text: str, top: int) -> tuple[list[str], np.ndarray, list[list[str]], np.ndarray]:
    """Return the tokens of a text, the probability of each, and the most likely tokens at its position.

    Returns:
        Readable tokens [token], probabilities, float64 [token], the most likely tokens [token][top], and their
        probabilities, float64 [token, top].

    Raises:
        UsageError: the text has no tokens, or too many.
    """
    learner = run.learner
    found, tokenizer = language.read(learner.facts, text)
    predict = run.once("next tokens", lambda: functional.jit(type(learner).next_log_probabilities, learner))
    rows = language.padded(found[:-1], run)[None]
    table = np.asarray(predict(rows)[0], np.float64)[: len(found) - 1]  # [token, vocabulary]
    probabilities = np.exp(np.take_along_axis(table, found[1:, None].astype(np.int64), axis=-1)[:, 0])
    ranked = np.argsort(-table, axis=-1, kind="stable")[:, :top]
    pieces = [tokenizer.pieces(row) for row in ranked]
    return tokenizer.pieces(found[1:]), probabilities, pieces, np.exp(np.take_along_axis(table, ranked, axis=-1))
