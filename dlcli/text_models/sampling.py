"""Text generation with an autoregressive model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.artifacts import TextChunk, Truncation
from dlcli.data.text.stream_decoder import StreamDecoder
from dlcli.notices import warn
from dlcli.options.text import TextSampleOptions
from dlcli.text_models.generation import Generator, Settings, kept_tokens
from dlcli.text_models.trained import TrainedTextModel

_TEXTS = 16  # generated together: a step of a small model takes about as long for 16 texts as for one
_GROUP = 8  # texts of different options that are generated together


@dataclasses.dataclass(frozen=True)
class _Text:
    """A text to generate: its number, its options, the tokens of its prompt, and what of them does not fit."""

    number: int
    options: TextSampleOptions
    prompt: np.ndarray
    truncated: Truncation | None
    key: jax.Array


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
    prompt, key = _prompt(model, options), jax.random.key(options.seed)
    together = min(_TEXTS, options.count)
    for first in range(0, options.count, together):
        numbers = range(first, min(first + together, options.count))
        texts = [_Text(number, options, *prompt, jax.random.fold_in(key, number)) for number in numbers]
        yield from _generated(model, texts, together)


def sample_each(model: TrainedTextModel, several: Sequence[TextSampleOptions]) -> list[list[TextChunk]]:
    """Return the pieces of the first text of each of several options, which is the one that `sample` yields first.

    Texts of the same kind of sampling are generated together, alone or in groups of one size: at most two programs are
    compiled for each kind.

    Args:
        model: its learner's `network` is a `LanguageModel`.
        several: prompt, length, seed and sampling of each text.

    Raises:
        DatasetError: a prompt cannot be tokenized.
    """
    groups: dict[object, list[_Text]] = {}
    for number, options in enumerate(several):
        key = jax.random.fold_in(jax.random.key(options.seed), 0)
        text = _Text(number, options, *_prompt(model, options), key)
        groups.setdefault(_kind(options), []).append(text)
    found: list[list[TextChunk]] = [[] for _ in several]
    for texts in groups.values():
        for first in range(0, len(texts), _GROUP):
            part = texts[first : first + _GROUP]
            for piece in _generated(model, part, 1 if len(part) == 1 else _GROUP):
                found[piece.number].append(piece)
    return found


def _kind(options: TextSampleOptions) -> tuple[bool, int | None, bool]:
    """Return what a program is compiled for: greedy, top-k, nucleus sampling (see `Generator`)."""
    return options.temperature == 0, options.top_k, options.top_p is not None and options.top_p < 1


def _prompt(model: TrainedTextModel, options: TextSampleOptions) -> tuple[np.ndarray, Truncation | None]:
    """Return the tokens of the prompt, and what of them the model does not process."""
    prompt = model.encode(options.prompt)
    if not model.context or len(prompt) < model.context:  # the token before the prompt has a position too
        return prompt, None
    truncated = Truncation(len(prompt), kept_tokens(model.context), "last")
    warn(truncated.note(options.prompt))
    return prompt, truncated


def _generated(model: TrainedTextModel, texts: Sequence[_Text], size: int) -> Iterator[TextChunk]:
    """Yield the pieces of texts of the same kind, one text after the other, generated in a batch of a size."""
    key = _kind(texts[0].options)
    generator = model.once(("generator", *key), lambda: Generator(model, *key))
    rows = [*texts, *[texts[-1]] * (size - len(texts))]
    special = model.tokenizer.special
    settings = Settings(
        np.array([each.options.temperature for each in rows], np.float32),
        np.array([each.options.top_p or 1.0 for each in rows], np.float32),
    )
    prompts = [[special.first, *each.prompt.tolist()] for each in rows]
    lengths = [each.options.max_new_tokens for each in texts]
    blocks = generator.blocks(prompts, settings, jnp.stack([each.key for each in rows]), max(lengths))
    decoder: StreamDecoder | None = None
    for place, drawn, complete in _in_order(blocks, lengths, special.end):
        text = texts[place]
        if decoder is None:
            yield TextChunk(text.number, text.options.prompt, prompt=True, truncated=text.truncated)
            decoder = StreamDecoder(model.tokenizer)
            for token in text.prompt:
                decoder.add(int(token))
        pieces = [decoder.add(token) for token in drawn]
        if complete:
            pieces.append(decoder.close())
            decoder = None
        yield from (TextChunk(text.number, piece) for piece in pieces if piece)


def _in_order(blocks: Iterable[np.ndarray], lengths: Sequence[int], end: int) -> Iterator[tuple[int, list[int], bool]]:
    """Yield the number of a text, its next tokens before the end token, and whether it is complete, text by text.

    Args:
        blocks: the next tokens of all texts, int [text, time]; further rows are not used.
        lengths: maximum number of tokens of each text.
        end: the end token.
    """
    waiting: list[list[int]] = [[] for _ in lengths]
    left, current = list(lengths), 0
    for block in blocks:
        for text, tokens in enumerate(block[: len(lengths)].tolist()):
            new = tokens[: left[text]]
            waiting[text] += new[: new.index(end)] if end in new else new
            left[text] = 0 if end in new else left[text] - len(new)
        while current < len(lengths):
            yield current, waiting[current], not left[current]
            waiting[current] = []
            if left[current]:
                break
            current += 1
        if current == len(lengths):
            return
