"""The log-probability of texts: token by token, and in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import Likelihood
from dlcli.errors import DatasetError
from dlcli.nn import functional
from dlcli.text_models.generation import Cache, LanguageModel
from dlcli.text_models.trained import TrainedTextModel

# Maps inputs and targets, int [batch, time] each, and the cache before the inputs to the
# log-probabilities of the targets, float32 [batch, time], and the cache after the inputs.
Program = Callable[[np.ndarray, np.ndarray, Cache], tuple[jax.Array, Cache]]


def score(
    model: TrainedTextModel,
    log_probabilities: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    texts: Iterable[str],
    stride: int = 0,
) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; its first token follows the end of the text before.

    Args:
        model: a language model.
        log_probabilities: maps tokens, int32 [1 + token], to the log-probability of each except the first, float64
            [token], computed token by token and in one pass.
        texts: to score.
        stride: tokens from one window to the next, of a text longer than the context.
    """
    first = model.tokenizer.special.first
    after = model.tokenizer.pieces([first])[0]
    for text in texts:
        try:
            tokens = np.concatenate([[first], model.encode_nonempty(text)]).astype(np.int32)
        except DatasetError as error:
            yield Likelihood(text, problem=str(error))
            continue
        by_token, one_pass = log_probabilities(tokens)
        windows = (model.context, stride) if model.context and len(tokens) - 1 > model.context else None
        pieces = model.tokenizer.pieces(tokens[1:])
        yield Likelihood(text, pieces, by_token.tolist(), float(one_pass.sum()), after, windows=windows)


def programs(
    network: LanguageModel, one_pass: Callable[[Any, jax.Array, Cache], tuple[jax.Array, Cache]]
) -> tuple[Program, Program]:
    """Return two compiled programs that compute the same log-probabilities.

    The first processes one token at a time and passes the cache from each to the next, the second all in one pass.
    By the chain rule, both give a text the same log-probability.

    Args:
        network: the model.
        one_pass: maps the network, inputs, int [batch, time], and the cache before them to the logits, float32
            [batch, time, vocabulary], and the cache after them.
    """

    def by_token(
        network: LanguageModel, inputs: jax.Array, targets: jax.Array, cache: Cache
    ) -> tuple[jax.Array, Cache]:
        def step(cache: Cache, at: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[Cache, jax.Array]:
            position, token, target = at
            logits, cache = network.step(token[:, None], position, cache)
            return cache, _log_probabilities(logits, target[:, None])[:, 0]

        cache, found = jax.lax.scan(step, cache, (jnp.arange(inputs.shape[1]), inputs.T, targets.T))
        return found.T, cache

    def at_once(network: LanguageModel, inputs: jax.Array, targets: jax.Array, cache: Cache) -> tuple[jax.Array, Cache]:
        logits, cache = one_pass(network, inputs, cache)
        return _log_probabilities(logits, targets), cache

    return functional.jit(by_token, network), functional.jit(at_once, network)


def _log_probabilities(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the log-probabilities of targets, int [batch, time], from logits, [batch, time, vocabulary]."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], axis=-1)[..., 0]
