"""How probable each token of a text is, and what was likelier in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.figures import language
from dlcli.figures.numbers import listed
from dlcli.figures.options.text import TokenProbabilities
from dlcli.plot import terminal, tokens
from dlcli.plot.reading import Read
from dlcli.plot.terminal import tokens as sketches
from dlcli.runs.trained import TrainedRun


def draw(options: TokenProbabilities, run: TrainedRun) -> Figure:
    """Show a text's tokens by their probability, with the surprise of each and the likeliest in its place."""
    learner = run.learner
    found, tokenizer = language.read(learner.facts, options.text)
    table = np.asarray(learner.next_log_probabilities(found[None, :-1])[0], np.float64)  # [token, vocab]
    chosen = np.exp(np.take_along_axis(table, found[1:, None].astype(np.int64), axis=-1)[:, 0])
    ranked = np.argsort(-table, axis=-1, kind="stable")[:, : options.top]
    shares = np.exp(np.take_along_axis(table, ranked, axis=-1))
    read = Read(tokenizer.pieces(found[1:]), chosen, [tokenizer.pieces(row) for row in ranked], shares)
    title = (
        f"{read.surprise.sum():.1f} bits for {len(chosen)} tokens, {read.surprise.mean():.2f} a token; "
        f"{Path(options.run).name}"
    )
    numbers = {
        "run": options.run,
        "text": options.text,
        "tokens": read.tokens,
        "probabilities": listed(chosen),
        "surprise": listed(read.surprise),
        "likeliest": [
            dict(zip(names, listed(row), strict=True)) for names, row in zip(read.others, shares, strict=True)
        ],
    }
    return Figure(
        "token-probabilities",
        tokens.probabilities(read, title=title),
        numbers,
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: sketches.probabilities(read, width=width, colour=colour, most=left),
        ),
    )
