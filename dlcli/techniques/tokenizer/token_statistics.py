"""Statistics of a tokenizer on texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from dlcli.data.text.tokenizer import Tokenizer
from dlcli.data.text.tokenizers import UNKNOWN


@dataclasses.dataclass(frozen=True)
class Counts:
    """Counts of texts and of their tokens.

    Attributes:
        texts: number of texts.
        characters: number of characters.
        words: number of words, separated by white space.
        tokens: number of tokens.
        unknown: number of unknown tokens.
        used: number of distinct tokens.
        vocabulary: size of the vocabulary.
    """

    texts: int
    characters: int
    words: int
    tokens: int
    unknown: int
    used: int
    vocabulary: int

    def ratios(self) -> dict[str, float]:
        """Return the ratios by which tokenizers are compared."""
        return {
            "characters_per_token": self.characters / max(self.tokens, 1),
            "tokens_per_word": self.tokens / max(self.words, 1),
            "unknown_rate": self.unknown / max(self.tokens, 1),
            "vocabulary_usage": self.used / self.vocabulary,
        }


def count(tokenizer: Tokenizer, texts: Iterable[str]) -> Counts:
    """Tokenize texts and count."""
    occurrences = np.zeros(len(tokenizer), np.int64)
    number = characters = words = 0

    def counted() -> Iterator[str]:
        nonlocal number, characters, words
        for text in texts:
            number, characters, words = number + 1, characters + len(text), words + len(text.split())
            yield text

    for ids in tokenizer.encode_all(counted()):
        occurrences += np.bincount(ids, minlength=len(occurrences))
    return Counts(
        texts=number,
        characters=characters,
        words=words,
        tokens=int(occurrences.sum()),
        unknown=int(occurrences[UNKNOWN]),
        used=int(np.count_nonzero(occurrences)),
        vocabulary=len(tokenizer),
    )
