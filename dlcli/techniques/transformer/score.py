"""Scores texts with a decoder: token by token, and in one pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.artifacts import Likelihood
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Score
from dlcli.text_models import scoring
from dlcli.text_models.trained import TrainedTextModel

_SHORTEST = 64  # tokens of a window; shorter ones are padded, so that few lengths are compiled
_WINDOWS = 32  # windows in a batch; fewer if the batch would exceed one of the next limits
_LOGITS = 2**23  # numbers in the logits of a batch
_TOKENS = 2**13  # tokens of a batch


def score(options: Score, run: TrainedRun) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; its first token follows the end of the text before.

    A text longer than the context is processed in windows that overlap by half, so that each token is predicted from
    at least half a context.
    """
    model = TrainedTextModel.of(run, run.options.context)
    log_probabilities = _WindowedLogProbabilities(model)
    return scoring.score(model, log_probabilities, options.text, stride(model.context))


def stride(context: int) -> int:
    """Return the number of tokens from the start of a window to the start of the next."""
    return max(1, context // 2)


def windows(tokens: np.ndarray, context: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield windows of context + 1 tokens, each with the index of its first target that counts.

    Each token except the first is a target that counts in exactly one window.
    """
    counted = 0
    for start in range(0, len(tokens) - 1, stride(context)):
        yield tokens[start : start + context + 1], counted - start
        counted = min(start + context, len(tokens) - 1)
        if counted == len(tokens) - 1:
            return


class _WindowedLogProbabilities:
    """Log-probabilities of the tokens of a text, window by window, by two programs."""

    def __init__(self, model: TrainedTextModel):
        assert model.context is not None  # a language model has one
        self.network, self.context = model.learner.network, model.context
        tokens = min(_TOKENS, _LOGITS // model.learner.facts.vocabulary)
        self.batch_size = max(1, min(_WINDOWS, tokens // self.context))
        self.by_token, self.one_pass = scoring.programs(
            self.network, lambda network, inputs, _: (network(inputs), None)
        )

    def __call__(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-probability of each token except the first, float64 [token], by either program."""
        found: tuple[list[np.ndarray], list[np.ndarray]] = [], []
        remaining = windows(tokens, self.context)
        while batch := list(itertools.islice(remaining, self.batch_size)):
            rows = self._pad([window for window, _ in batch])
            inputs, targets = rows[:, :-1], rows[:, 1:]
            results = (
                self.by_token(inputs, targets, self.network.init_cache(len(rows)))[0],
                self.one_pass(inputs, targets, None)[0],
            )
            for result, parts in zip(results, found, strict=True):
                values = np.asarray(result, np.float64)
                parts += [row[first : len(window) - 1] for row, (window, first) in zip(values, batch, strict=False)]
        by_token, one_pass = map(np.concatenate, found)
        return by_token, one_pass

    def _pad(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """Return windows as int32 [window, time + 1] of one of a few shapes."""
        longest = max(map(len, batch)) - 1
        time = min(self.context, max(_SHORTEST, 1 << (longest - 1).bit_length()))
        rows = np.zeros([1 if len(batch) == 1 else self.batch_size, time + 1], np.int32)
        for row, window in zip(rows, batch, strict=False):
            row[: len(window)] = window
        return rows
