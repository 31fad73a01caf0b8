"""Generation of tokens with an autoregressive model: several texts at a time, a few tokens per compiled call.

Axes: text, time, vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.nn import functional
from dlcli.nn.token_sampling import sample_tokens
from dlcli.text_models.trained import TrainedTextModel

Cache = Any  # what a network keeps of earlier tokens, a pytree: a recurrent carry, or keys and values

_TOKENS = 8  # per compiled call: enough to hide its overhead, few enough for a steady output


class LanguageModel(Protocol):
    """A network that predicts the next token from the tokens before it."""

    def init_cache(self, batch: int) -> Cache:
        """Return the cache before the first token, for `batch` sequences."""

    def step(self, tokens: jax.Array, start: jax.Array | int, cache: Cache) -> tuple[jax.Array, Cache]:
        """Process tokens, int [batch, time], whose first has the position `start`.

        Returns:
            The logits of the tokens that follow each, float32 [batch, time, vocabulary], and the new cache.
        """


class Settings(NamedTuple):
    """Numbers that a compiled function of generation gets as arguments, so that other values compile nothing."""

    temperature: float
    top_p: float


class Generator:
    """The compiled functions of generation: process a prompt, draw from logits, and generate more tokens.

    Attributes:
        context: largest number of tokens that the network processes; None: unlimited.
        kept: number of tokens that texts continue from when the context is full.
    """

    def __init__(self, model: TrainedTextModel, greedy: bool, top_k: int | None, nucleus: bool):
        """Make the functions.

        Args:
            model: its learner's `network` is a `LanguageModel`.
            greedy: whether the most likely token is taken, at temperature 0.
            top_k: number of most likely tokens to sample from; None: all.
            nucleus: whether tokens are sampled from the most likely ones of total mass `top_p`.
        """
        self.context = model.context
        self.kept = max(1, (model.context or 0) // 2)
        never = np.array(model.tokenizer.special.never_generated, np.int32)

        def draw(logits: jax.Array, settings: Settings, keys: jax.Array, position: jax.Array) -> jax.Array:
            # Never generated: these tokens are in no training text, except for what its vocabulary lacked.
            logits = logits.at[:, never].set(-jnp.inf)
            temperature, top_p = 0.0 if greedy else settings.temperature, settings.top_p if nucleus else None

            def one(key: jax.Array, logits: jax.Array) -> jax.Array:
                key = jax.random.fold_in(key, position)
                return sample_tokens(key, logits, temperature=temperature, top_k=top_k, top_p=top_p)

            return jax.vmap(one)(keys, logits)

        def read(network: Any, tokens: jax.Array, start: int, last: int, cache: Cache) -> tuple[jax.Array, Cache]:
            logits, cache = network.step(tokens, start, cache)
            return logits[:, last], cache

        def generate(
            network: Any, last: jax.Array, start: int, cache: Cache, count: int, settings: Settings, *random: Any
        ) -> tuple[jax.Array, Cache]:
            keys, position = random

            def following(number: jax.Array, state: tuple[Any, ...]) -> tuple[Any, ...]:
                last, tokens, cache = state
                logits, cache = network.step(last[:, None], start + number, cache)
                last = draw(logits[:, 0], settings, keys, position + number)
                return last, tokens.at[:, number].set(last), cache

            tokens = jnp.zeros([len(last), _TOKENS], jnp.int32)
            return jax.lax.fori_loop(0, count, following, (last, tokens, cache))[1:]

        network = model.learner.network
        self._network = network
        self._batch_axes = _batch_axes(network)
        self._draw = jax.jit(draw)
        self._read = functional.jit(read, network)
        self._generate = functional.jit(generate, network, donate=(2,))

    def blocks(self, prompt: Sequence[int], settings: Settings, keys: jax.Array, length: int) -> Iterator[np.ndarray]:
        """Yield the next tokens of all texts after the same prompt, int32 [text, time], until each has `length`.

        A text depends on its own key alone. Tokens after the end token mean nothing.

        Args:
            prompt: its tokens, at least one.
            settings: of sampling.
            keys: one per text, [text].
            length: number of tokens to generate for each text.
        """
        tokens, cache = np.tile(np.array(prompt, np.int32), (len(keys), 1)), None
        position = 0
        while position < length:
            room = _TOKENS if self.context is None else self.context + 1 - tokens.shape[1]
            if cache is None or room < 1:
                tokens = tokens[:, -self.kept :] if room < 1 else tokens
                logits, cache = self._process(tokens)
                block = np.asarray(self._draw(logits, settings, keys, position))[:, None]
            else:
                count = min(_TOKENS, room, length - position)
                last, start = tokens[:, -1], tokens.shape[1] - 1
                found, cache = self._generate(last, start, cache, count, settings, keys, position)
                block = np.asarray(found)[:, :count]
            yield block
            tokens = np.concatenate([tokens, block], axis=1)
            position += block.shape[1]

    def _process(self, tokens: np.ndarray) -> tuple[jax.Array, Cache]:
        """Process the tokens of each text from the start; return the logits of the next ones, and the cache.

        The texts are processed one by one: of all their positions at once, the logits may take more memory than there
        is. Equal texts are processed once.
        """
        unique, places = np.unique(tokens, axis=0, return_inverse=True)
        found = [self._process_one(text) for text in unique]
        chosen = [found[place] for place in places.reshape(-1)]
        caches = [cache for _, cache in chosen]
        return jnp.concatenate([logits for logits, _ in chosen]), jax.tree.map(_joined, self._batch_axes, *caches)

    def _process_one(self, tokens: np.ndarray) -> tuple[jax.Array, Cache]:
        cache = self._network.init_cache(1)
        if self.context:
            # The keys and values of the padding are overwritten before a later token can attend to them.
            row = np.pad(tokens, (0, self.context - len(tokens)))[None]
            return self._read(row, 0, len(tokens) - 1, cache)
        # A recurrent carry would include the padding, and every length would be compiled: one token at a time.
        for start, token in enumerate(tokens):
            logits, cache = self._read(np.array([[token]], np.int32), start, 0, cache)
        return logits, cache


def _batch_axes(network: Any) -> Any:
    """Return the axis of each array of the cache that counts the sequences, as a tree like the cache."""
    one, two = (jax.eval_shape(lambda batch=batch: network.init_cache(batch)) for batch in (1, 2))
    return jax.tree.map(lambda a, b: next(axis for axis in range(a.ndim) if a.shape[axis] != b.shape[axis]), one, two)


def _joined(axis: int, *arrays: jax.Array) -> jax.Array:
    return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays, axis)
