"""Text generation with an autoregressive model, token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import TextChunk, Truncation
from dlcli.data.text.stream_decoder import StreamDecoder
from dlcli.nn import functional
from dlcli.nn.token_sampling import sample_tokens
from dlcli.notices import warn
from dlcli.options.text import TextSampleOptions
from dlcli.text_models.trained import TrainedTextModel

Cache = Any  # what a network keeps of earlier tokens, a pytree: a recurrent carry, or keys and values


class LanguageModel(Protocol):
    """A network that predicts the next token from the tokens before it."""

    def init_cache(self, batch: int) -> Cache:
        """Return the cache before the first token, for `batch` sequences."""

    def step(self, tokens: jax.Array, start: jax.Array | int, cache: Cache) -> tuple[jax.Array, Cache]:
        """Process tokens, int [batch, time], whose first has the position `start`.

        Returns:
            The logits of the tokens that follow each, float32 [batch, time, vocabulary], and the new cache.
        """


def sample(model: TrainedTextModel, options: TextSampleOptions) -> Iterator[TextChunk]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all.

    If the context is full, the model continues from the newer half of its tokens.

    Args:
        model: its learner's `network` is a `LanguageModel`.
        options: prompt, number of texts, length, seed and sampling.

    Raises:
        DatasetError: the prompt cannot be tokenized.
    """
    prompt, top_p = model.encode(options.prompt), 1.0 if options.top_p is None else options.top_p
    key = ("generator", options.temperature == 0, options.top_k, top_p < 1)
    generator = model.once(key, lambda: _Generator(model, *key[1:]))
    settings = _Settings(options.temperature, top_p)
    truncated = None
    if model.context and len(prompt) + 1 > model.context:  # the token before the prompt has a position too
        truncated = Truncation(len(prompt), generator.kept, "last")
        warn(truncated.note(options.prompt))
    for number in range(options.count):
        yield TextChunk(number, options.prompt, prompt=True, truncated=truncated)
        decoder = StreamDecoder(model.tokenizer)
        for token in prompt:
            decoder.add(int(token))
        random = jax.random.fold_in(jax.random.key(options.seed), number)
        tokens = [model.tokenizer.special.first, *prompt.tolist()]
        for token in generator.tokens(tokens, settings, random, options.max_new_tokens):
            if text := decoder.add(token):
                yield TextChunk(number, text)
        if text := decoder.close():
            yield TextChunk(number, text)


class _Settings(NamedTuple):
    """Numbers that a compiled function of generation gets as arguments, so that other values compile nothing."""

    temperature: float
    top_p: float


class _Generator:
    """The two compiled functions of generation: process the prompt, and process one token more.

    Args:
        model: the model.
        greedy: whether the most likely token is taken, at temperature 0.
        top_k: number of most likely tokens to sample from; None: all.
        nucleus: whether tokens are sampled from the most likely ones of total mass `top_p`.
    """

    def __init__(self, model: TrainedTextModel, greedy: bool, top_k: int | None, nucleus: bool):
        self.context = model.context
        self.end = model.tokenizer.special.end
        never = np.array(model.tokenizer.special.never_generated, np.int32)
        self.kept = max(1, (model.context or 0) // 2)  # tokens to continue from when the context is full

        def draw(logits: jax.Array, settings: _Settings, key: jax.Array, position: jax.Array) -> jax.Array:
            # Never generated: these tokens are in no training text, except for what its vocabulary lacked.
            logits = logits.at[never].set(-jnp.inf)
            temperature, top_p = 0.0 if greedy else settings.temperature, settings.top_p if nucleus else None
            key = jax.random.fold_in(key, position)
            return sample_tokens(key, logits, temperature=temperature, top_k=top_k, top_p=top_p)

        def first(network: Any, tokens: jax.Array, count: int, *random: Any) -> tuple[jax.Array, Cache]:
            logits, cache = network.step(tokens, 0, network.init_cache(1))
            return draw(logits[0, count - 1], *random), cache

        def following(network: Any, token: int, start: int, cache: Cache, *random: Any) -> tuple[jax.Array, Cache]:
            logits, cache = network.step(jnp.full([1, 1], token), start, cache)
            return draw(logits[0, 0], *random), cache

        network = model.learner.network
        self._first, self._following = functional.jit(first, network), functional.jit(following, network, donate=(2,))

    def tokens(self, prompt: Sequence[int], settings: _Settings, key: jax.Array, length: int) -> Iterator[int]:
        """Yield up to `length` tokens after the prompt, fewer if the model generates the end token."""
        tokens, cache = list(prompt), None
        for position in range(length):
            if cache is None or (self.context and len(tokens) > self.context):
                if self.context and len(tokens) > self.context:
                    tokens = tokens[-self.kept :]
                drawn, cache = self._process(tokens, settings, key, position)
            else:
                drawn, cache = self._following(tokens[-1], len(tokens) - 1, cache, settings, key, position)
            token = int(drawn)
            if token == self.end:
                return
            yield token
            tokens.append(token)

    def _process(self, tokens: Sequence[int], *random: Any) -> tuple[jax.Array, Cache]:
        """Process tokens from the start; return the token drawn after the last, and the cache."""
        if self.context:
            # The keys and values of the padding are overwritten before a later token can attend to them.
            rows = np.pad(np.array(tokens, np.int32), (0, self.context - len(tokens)))[None]
            return self._first(rows, len(tokens), *random)
        # A recurrent carry would include the padding, and every length would be compiled: one token at a time.
        found = self._first(np.array([tokens[:1]], np.int32), 1, *random)
        for start, token in enumerate(tokens[1:], 1):
            found = self._following(token, start, found[1], *random)
        return found
