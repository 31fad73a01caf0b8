"""Says how probable texts are: token by token, and at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Likelihood
from dlcli.data.text.tokenizers import END
from dlcli.errors import DatasetError
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Score
from dlcli.techniques.transformer.trained import Trained

_SHORTEST = 64  # tokens; shorter texts are padded, so that few lengths are compiled
_TOGETHER = 32  # windows read at once; fewer where these would be too large:
_LOGITS = 2**23  # numbers
_TOKENS = 2**13


def score(options: Score, run: TrainedRun) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; the first token follows the one that ends the text before.

    The parts and the whole are computed by different programs: one token at a time from what is
    remembered of those before, and in one pass over all of a window. By the chain rule the parts add
    up to the whole. A text longer than the context is read in windows that overlap by half, so that
    each token has half a context before it at least.
    """
    trained = Trained(run)
    model = _Model(trained)
    for text in options.text:
        try:
            tokens = np.concatenate([[END], trained.read_some(text)]).astype(np.int32)
        except DatasetError as error:
            yield Likelihood(text, problem=str(error))
            continue
        parts, whole = model.log_probabilities(tokens)
        pieces, after = trained.tokenizer.pieces(tokens[1:]), trained.tokenizer.pieces([END])[0]
        read_in = (trained.context, stride(trained.context)) if len(tokens) - 1 > trained.context else None
        yield Likelihood(text, pieces, parts, float(whole.sum()), after, windows=read_in)


def stride(context: int) -> int:
    """Return how many tokens a window begins after the one before it."""
    return max(1, context // 2)


def windows(tokens: np.ndarray, context: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield windows of context + 1 tokens, and from which of their places on the next tokens count.

    Each token but the first is the next token of one place that counts.
    """
    counted = 0
    for start in range(0, len(tokens) - 1, stride(context)):
        yield tokens[start : start + context + 1], counted - start
        counted = min(start + context, len(tokens) - 1)
        if counted == len(tokens) - 1:
            return


class _Model:
    """Log-probabilities of next tokens, by two programs."""

    def __init__(self, trained: Trained):
        graph, self.state = nnx.split(trained.learner.network)
        self.context = trained.context
        tokens = min(_TOKENS, _LOGITS // trained.learner.facts.vocabulary)
        self.together = max(1, min(_TOGETHER, tokens // self.context))

        @jax.jit
        def by_token(state: nnx.State, read: jax.Array, following: jax.Array) -> jax.Array:
            def one(past: object, place: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[object, jax.Array]:
                start, token, following = place
                logits, past = nnx.merge(graph, state).step(token[:, None], start, past)
                return past, _chosen(logits, following[:, None])[:, 0]

            places = jnp.arange(read.shape[1]), read.T, following.T
            return jax.lax.scan(one, nnx.merge(graph, state).empty(len(read)), places)[1].T

        @jax.jit
        def at_once(state: nnx.State, read: jax.Array, following: jax.Array) -> jax.Array:
            return _chosen(nnx.merge(graph, state)(read), following)

        self._programs = by_token, at_once

    def log_probabilities(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-probability of each token but the first, float64 [token], by either program."""
        found: tuple[list[np.ndarray], list[np.ndarray]] = [], []
        remaining = windows(tokens, self.context)
        while some := list(itertools.islice(remaining, self.together)):
            rows = self._padded([window for window, _ in some])
            for program, parts in zip(self._programs, found, strict=True):
                shares = np.asarray(program(self.state, rows[:, :-1], rows[:, 1:]), np.float64)
                parts += [share[first : len(window) - 1] for share, (window, first) in zip(shares, some, strict=False)]
        by_token, at_once = map(np.concatenate, found)
        return by_token, at_once

    def _padded(self, some: list[np.ndarray]) -> np.ndarray:
        """Return windows as int32 [window, time + 1] of one of a few shapes."""
        count = max(map(len, some)) - 1
        time = min(self.context, max(_SHORTEST, 1 << (count - 1).bit_length()))
        rows = np.zeros([1 if len(some) == 1 else self.together, time + 1], np.int32)
        for row, window in zip(rows, some, strict=False):
            row[: len(window)] = window
        return rows


def _chosen(logits: jax.Array, tokens: jax.Array) -> jax.Array:
    """Return the log-probabilities of tokens, int [batch, time], from logits, [batch, time, token]."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits), tokens[..., None], axis=-1)[..., 0]
