"""Writes text with a decoder, token by token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Piece, Truncation
from dlcli.data.text.stream_decoder import StreamDecoder
from dlcli.data.text.tokenizers import END, PADDING, START, UNKNOWN
from dlcli.nn.attention import Memory
from dlcli.nn.sampling import draw
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Sample
from dlcli.techniques.transformer.trained import Trained

Past = tuple[Memory, ...]


def sample(options: Sample, run: TrainedRun) -> Iterator[Piece]:
    """Yield the pieces of `options.count` texts, one text after the other; the same seed writes the same."""
    trained = Trained(run)
    prompt, writing = trained.read(options.prompt), _Writing(trained, options)
    # The token that ends what came before the prompt takes a place in the context too.
    truncated = Truncation(len(prompt), writing.kept, "last") if len(prompt) + 1 > trained.context else None
    if truncated:
        warn(truncated.note(options.prompt))
    for number in range(options.count):
        if options.prompt:
            yield Piece(number, options.prompt, prompt=True, truncated=truncated)
        decoder = StreamDecoder(trained.tokenizer)
        for token in prompt:
            decoder.add(int(token))
        key = jax.random.fold_in(jax.random.key(options.seed), number)
        for token in writing.tokens([END, *prompt.tolist()], key, options.length):
            if text := decoder.add(token):
                yield Piece(number, text)
        if text := decoder.close():
            yield Piece(number, text)


class _Writing:
    """The two functions that are compiled: one that reads a beginning, and one that adds a token to it."""

    def __init__(self, trained: Trained, options: Sample):
        graph, state = nnx.split(trained.learner.network)
        self.context = trained.context
        self.kept = max(1, self.context // 2)  # tokens that are read again where the context is full

        def chosen(logits: jax.Array, key: jax.Array, place: jax.Array) -> jax.Array:
            # No text holds these, but for what its vocabulary lacked.
            logits = logits.at[jnp.array([PADDING, UNKNOWN, START])].set(-jnp.inf)
            how = {"temperature": options.temperature, "top_k": options.top_k, "top_p": options.top_p}
            return draw(jax.random.fold_in(key, place), logits, **how)

        def read(state: nnx.State, tokens: jax.Array, count: jax.Array, *rest: jax.Array) -> tuple[jax.Array, Past]:
            network = nnx.merge(graph, state)
            # What is remembered of the padding is written over before a token may see it.
            logits, past = network.step(tokens, 0, network.empty(1))
            return chosen(logits[0, count - 1], *rest), past

        def add(state: nnx.State, token: int, start: int, past: Past, *rest: jax.Array) -> tuple[jax.Array, Past]:
            logits, past = nnx.merge(graph, state).step(jnp.full([1, 1], token), start, past)
            return chosen(logits[0, 0], *rest), past

        self._read = self._bound(jax.jit(read), state)
        self._add = self._bound(jax.jit(add, donate_argnums=3), state)

    @staticmethod
    def _bound(function: Callable[..., tuple[jax.Array, Past]], state: nnx.State) -> Callable[..., tuple[int, Past]]:
        def call(*arguments: object) -> tuple[int, Past]:
            token, past = function(state, *arguments)
            return int(token), past

        return call

    def tokens(self, prompt: Sequence[int], key: jax.Array, length: int) -> Iterator[int]:
        """Yield up to `length` tokens after the prompt, fewer where the model ends its text.

        Where the context is full, the model forgets the older half of it and reads the other half anew.
        """
        seen, past = list(prompt), None
        for place in range(length):
            if past is None or len(seen) > self.context:
                seen = seen if len(seen) <= self.context else seen[-self.kept :]
                rows = np.pad(np.array(seen, np.int32), (0, self.context - len(seen)))[None]
                token, past = self._read(rows, len(seen), key, place)
            else:
                token, past = self._add(seen[-1], len(seen) - 1, past, key, place)
            if token == END:
                return
            yield token
            seen.append(token)
