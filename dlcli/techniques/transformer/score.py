"""Says how probable texts are: token by token, and at once."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Likelihood
from dlcli.data.tokenizers import END
from dlcli.errors import DatasetError
from dlcli.techniques.transformer.options import Score
from dlcli.techniques.transformer.trained import Trained


def score(options: Score) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; the first token follows the one that ends the text before.

    The parts and the whole are computed by different programs: one token at a time from what is
    remembered of those before, and in one pass over all of a window. By the chain rule the parts add
    up to the whole. A text longer than the context is read in windows that overlap by half, so that
    each token has half a context before it at least.
    """
    trained = Trained(options.run, options.use, "decoder")
    model = _Model(trained)
    for text in options.text:
        try:
            tokens = np.concatenate([[END], trained.read_some(text)]).astype(np.int32)
        except DatasetError as error:
            yield Likelihood(text, problem=str(error))
            continue
        parts = np.concatenate([model.parts(*window) for window in windows(tokens, trained.context)])
        whole = sum(model.whole(*window) for window in windows(tokens, trained.context))
        pieces, after = trained.tokenizer.pieces(tokens[1:]), trained.tokenizer.pieces([END])[0]
        yield Likelihood(text, pieces, parts.tolist(), whole, after)


def windows(tokens: np.ndarray, context: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield windows of context + 1 tokens, and from which of their places on the next tokens count.

    Each token but the first is the next token of one place that counts.
    """
    stride, counted = max(1, context // 2), 0
    for start in range(0, len(tokens) - 1, stride):
        yield tokens[start : start + context + 1], counted - start
        counted = min(start + context, len(tokens) - 1)
        if counted == len(tokens) - 1:
            return


class _Model:
    """Log-probabilities of next tokens, by two programs."""

    def __init__(self, trained: Trained):
        graph, self.state = nnx.split(trained.learner.network)
        self.context, self.empty = trained.context, trained.learner.network.empty(1)

        @jax.jit
        def one(state: nnx.State, token: jax.Array, following: jax.Array, start: jax.Array, past: object) -> tuple:
            logits, past = nnx.merge(graph, state).step(token.reshape(1, 1), start, past)
            return jax.nn.log_softmax(logits[0, 0])[following], past

        @jax.jit
        def all_of(state: nnx.State, read: jax.Array, following: jax.Array) -> jax.Array:
            found = jax.nn.log_softmax(nnx.merge(graph, state)(read[None])[0])
            return jnp.take_along_axis(found, following[:, None], axis=-1)[:, 0]

        self._one, self._all = one, all_of

    def parts(self, window: np.ndarray, first: int) -> np.ndarray:
        """Return the log-probability of each next token from the place `first` on, in one step each."""
        past, parts = self.empty, []
        for start in range(len(window) - 1):
            part, past = self._one(self.state, window[start], window[start + 1], start, past)
            parts.append(part)
        return np.array(parts[first:], np.float64)

    def whole(self, window: np.ndarray, first: int) -> float:
        """Return the sum of the same, in one pass."""
        room = self.context + 1 - len(window)
        padded = np.pad(window, (0, room))
        found = self._all(self.state, padded[:-1], padded[1:])
        return float(np.asarray(found, np.float64)[first : len(window) - 1].sum())
