"""Text generation with an autoregressive model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import TextChunk, Truncation
from dlcli.data.text.stream_decoder import StreamDecoder
from dlcli.notices import warn
from dlcli.options.text import TextSampleOptions
from dlcli.text_models.generation import Generator, Settings
from dlcli.text_models.trained import TrainedTextModel

_TEXTS = 16  # generated together: a step of a small model takes about as long for 16 texts as for one


def sample(model: TrainedTextModel, options: TextSampleOptions) -> Iterator[TextChunk]:
    """Yield the pieces of `options.count` texts, one text after the other; the seed determines them all.

    Texts are generated several at a time, and those after the first are yielded when the ones before are complete. If
    the context is full, the model continues from the newer half of its tokens.

    Args:
        model: its learner's `network` is a `LanguageModel`.
        options: prompt, number of texts, length, seed and sampling.

    Raises:
        DatasetError: the prompt cannot be tokenized.
    """
    prompt, top_p = model.encode(options.prompt), 1.0 if options.top_p is None else options.top_p
    key = ("generator", options.temperature == 0, options.top_k, top_p < 1)
    generator = model.once(key, lambda: Generator(model, *key[1:]))
    truncated = None
    if model.context and len(prompt) + 1 > model.context:  # the token before the prompt has a position too
        truncated = Truncation(len(prompt), generator.kept, "last")
        warn(truncated.note(options.prompt))
    tokens = [model.tokenizer.special.first, *prompt.tolist()]
    together = min(_TEXTS, options.count)
    for first in range(0, options.count, together):
        numbers = jnp.arange(first, first + together)  # the last ones may be beyond the count: the shape stays
        keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(options.seed), numbers)
        blocks = generator.blocks(tokens, Settings(options.temperature, top_p), keys, options.max_new_tokens)
        texts = min(together, options.count - first)
        decoder: StreamDecoder | None = None
        for text, drawn, complete in _in_order(blocks, texts, model.tokenizer.special.end):
            number = first + text
            if decoder is None:
                yield TextChunk(number, options.prompt, prompt=True, truncated=truncated)
                decoder = StreamDecoder(model.tokenizer)
                for token in prompt:
                    decoder.add(int(token))
            pieces = [decoder.add(token) for token in drawn]
            if complete:
                pieces.append(decoder.close())
                decoder = None
            yield from (TextChunk(number, piece) for piece in pieces if piece)


def _in_order(blocks: Iterable[np.ndarray], texts: int, end: int) -> Iterator[tuple[int, list[int], bool]]:
    """Yield the number of a text, its next tokens before the end token, and whether it is complete, text by text.

    Args:
        blocks: the next tokens of all texts, int [text, time]; further rows are not used.
        texts: number of texts.
        end: the end token.
    """
    waiting: list[list[int]] = [[] for _ in range(texts)]
    ended, current = [False] * texts, 0
    for block in blocks:
        for text, tokens in enumerate(block[:texts].tolist()):
            if not ended[text]:
                ended[text] = end in tokens
                waiting[text] += tokens[: tokens.index(end)] if ended[text] else tokens
        while current < texts:
            yield current, waiting[current], ended[current]
            waiting[current] = []
            if not ended[current]:
                break
            current += 1
        if current == texts:
            return
    for text in range(current, texts):
        yield text, waiting[text], True
