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
    """Numbers that a compiled function of generation gets as arguments, so that other values compile nothing.

    Attributes:
        temperature: of each text, float32 [text]; not used by a greedy generator.
        top_p: of each text, float32 [text]; used by a generator with nucleus sampling.
    """

    temperature: np.ndarray | jax.Array
    top_p: np.ndarray | jax.Array


class Generator:
    """The compiled functions of generation: process a prompt, and generate the tokens after it.

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
        self.kept = kept_tokens(model.context or 0)
        network = model.learner.network
        axes = _batch_axes(network)
        never = np.array(model.tokenizer.special.never_generated, np.int32)

        def draw(logits: jax.Array, settings: Settings, key: jax.Array) -> jax.Array:
            # Never generated: these tokens are in no training text, except for what its vocabulary lacked.
            logits = logits.at[never].set(-jnp.inf)
            temperature, top_p = (jnp.asarray(each) for each in settings)
            return sample_tokens(
                key, logits, temperature=0.0 if greedy else temperature, top_k=top_k, top_p=top_p if nucleus else None
            )

        def process(network: Any, tokens: jax.Array, start: int, cache: Cache) -> Cache:
            return network.step(tokens, start, cache)[1]

        def put(cache: Cache, part: Cache, text: int) -> Cache:
            update = jax.lax.dynamic_update_slice_in_dim
            return jax.tree.map(lambda axis, whole, one: update(whole, one, text, axis), axes, cache, part)

        def generate(
            network: Any, last: jax.Array, starts: jax.Array, cache: Cache, count: int, settings: Settings, *random: Any
        ) -> tuple[jax.Array, Cache]:
            keys, position = random

            def step(token: jax.Array, start: jax.Array, cache: Cache) -> tuple[jax.Array, Cache]:
                logits, cache = network.step(token[None, None], start, jax.tree.map(jnp.expand_dims, cache, axes))
                return logits[0, 0], jax.tree.map(jnp.squeeze, cache, axes)

            def following(number: jax.Array, state: tuple[Any, ...]) -> tuple[Any, ...]:
                last, tokens, cache = state
                logits, cache = jax.vmap(step, (0, 0, axes), (0, axes))(last, starts + number, cache)
                folded = jax.vmap(jax.random.fold_in, (0, None))(keys, position + number)
                last = jax.vmap(draw)(logits, settings, folded)
                return last, tokens.at[:, number].set(last), cache

            tokens = jnp.zeros([len(last), _TOKENS], jnp.int32)
            return jax.lax.fori_loop(0, count, following, (last, tokens, cache))[1:]

        self._network = network
        self._process = functional.jit(process, network)
        self._put = jax.jit(put, donate_argnums=0)
        self._generate = functional.jit(generate, network, donate=(2,))

    def blocks(
        self, prompts: Sequence[Sequence[int]], settings: Settings, keys: jax.Array, length: int
    ) -> Iterator[np.ndarray]:
        """Yield the next tokens of several texts, int32 [text, time], until each has `length`.

        A text depends on its own prompt, settings and key alone. Tokens after the end token mean nothing.

        Args:
            prompts: the tokens of each, at least one per text.
            settings: of sampling.
            keys: one per text, [text].
            length: number of tokens to generate for each text.
        """
        texts = [list(prompt) for prompt in prompts]
        # A copy, since layers may share their zeros, and shared memory cannot be donated.
        cache = jax.tree.map(jnp.copy, self._network.init_cache(len(texts)))
        self._shorten(texts)
        position, unprocessed = 0, list(range(len(texts)))
        while position < length:
            cache = self._processed(texts, unprocessed, cache)
            count = min(_TOKENS, length - position)
            if self.context:
                count = min(count, self.context + 1 - max(map(len, texts)))
            last = np.array([text[-1] for text in texts], np.int32)
            starts = np.array([len(text) - 1 for text in texts], np.int32)
            found, cache = self._generate(last, starts, cache, count, settings, keys, position)
            block = np.asarray(found)[:, :count]
            yield block
            for text, tokens in zip(texts, block.tolist(), strict=True):
                text += tokens
            position += count
            unprocessed = self._shorten(texts)

    def _shorten(self, texts: list[list[int]]) -> list[int]:
        """Cut each text that is longer than the context to its last tokens, and return the numbers of these texts."""
        long = [number for number, text in enumerate(texts) if self.context and len(text) > self.context]
        for number in long:
            texts[number] = texts[number][-self.kept :]
        return long

    def _processed(self, texts: Sequence[Sequence[int]], numbers: Sequence[int], cache: Cache) -> Cache:
        """Return the cache with that of some texts, all of whose tokens but the last are processed from the start.

        The texts are processed one by one: all positions of all texts at once may take more memory than there is.
        """
        before: Sequence[int] = ()
        one = None
        for number in numbers:
            tokens = texts[number][:-1]
            if tokens and tokens != before:
                before, one = tokens, self._process_one(np.array(tokens, np.int32))
            if tokens:
                cache = self._put(cache, one, number)
        return cache

    def _process_one(self, tokens: np.ndarray) -> Cache:
        cache = self._network.init_cache(1)
        if self.context:
            # The keys and values of the padding are overwritten before a later token can attend to them.
            return self._process(np.pad(tokens, (0, self.context - len(tokens)))[None], 0, cache)
        # A recurrent carry would include the padding, and every length would be compiled: one token at a time.
        for start, token in enumerate(tokens):
            cache = self._process(np.array([[token]], np.int32), start, cache)
        return cache


def kept_tokens(context: int) -> int:
    """Return the number of tokens that a text continues from when the context is full."""
    return max(1, context // 2)


def _batch_axes(network: Any) -> Any:
    """Return the axis of each array of the cache that counts the sequences, as a tree like the cache."""
    one, two = (jax.eval_shape(lambda batch=batch: network.init_cache(batch)) for batch in (1, 2))
    return jax.tree.map(lambda a, b: next(axis for axis in range(a.ndim) if a.shape[axis] != b.shape[axis]), one, two)
