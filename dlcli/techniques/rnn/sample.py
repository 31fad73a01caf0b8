"""Writes text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.artifacts import Piece
from dlcli.data.text.stream_decoder import StreamDecoder
from dlcli.data.text.tokenizers import END, PADDING, START, UNKNOWN
from dlcli.nn.sampling import draw
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.language import Language
from dlcli.techniques.rnn.options import Sample

Step = Callable[[int, jax.Array, jax.Array, int], tuple[jax.Array, jax.Array]]


def sample(options: Sample, run: TrainedRun) -> Iterator[Piece]:
    """Yield the pieces of `options.count` texts, one text after the other; the same seed writes the same."""
    language = Language(run)
    prompt, step = language.read(options.prompt), _stepper(language, options)
    for number in range(options.count):
        yield Piece(number, options.prompt, prompt=True)
        decoder = StreamDecoder(language.tokenizer)
        for token in prompt[1:]:
            decoder.add(int(token))
        key = jax.random.fold_in(jax.random.key(options.seed), number)
        for token in _tokens(language, step, prompt, key, options.length):
            if text := decoder.add(token):
                yield Piece(number, text)
        if text := decoder.close():
            yield Piece(number, text)


def _tokens(language: Language, step: Step, prompt: np.ndarray, key: jax.Array, length: int) -> Iterator[int]:
    """Yield up to `length` tokens after the prompt, fewer where the model ends its text."""
    carry = language.learner.network.stack.initial(1)
    for token in prompt:
        following, carry = step(int(token), carry, key, 0)
    for place in range(1, length + 1):
        token = int(following)
        if token == END:
            return
        yield token
        following, carry = step(token, carry, key, place)


def _stepper(language: Language, options: Sample) -> Step:
    """Return the one function that is compiled: from a token, what is carried, a key and a place to the next."""
    graph, state = nnx.split(language.learner)

    @jax.jit
    def step(state: nnx.State, token: int, carry: jax.Array, key: jax.Array, place: int) -> tuple[jax.Array, jax.Array]:
        logits, carry = nnx.merge(graph, state).step(jnp.asarray(token)[None], carry)
        # No text holds these, but for what its vocabulary lacked.
        logits = logits.at[:, jnp.array([PADDING, UNKNOWN, START])].set(-jnp.inf)
        chosen = draw(
            jax.random.fold_in(key, place),
            logits,
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
        )
        return chosen[0], carry

    return lambda *arguments: step(state, *arguments)
