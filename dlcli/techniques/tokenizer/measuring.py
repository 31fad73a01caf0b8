"""How a tokenizer breaks a text, in numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from dlcli.data.text.tokenizers import UNKNOWN, Tokenizer


@dataclasses.dataclass(frozen=True)
class Counts:
    """What a tokenizer made of texts.

    Attributes:
        texts: how many.
        characters: of them.
        words: between white space.
        tokens: of all.
        unknown: of the tokens.
        used: different tokens.
        vocabulary: entries there are.
    """

    texts: int
    characters: int
    words: int
    tokens: int
    unknown: int
    used: int
    vocabulary: int

    def values(self) -> dict[str, float]:
        """Return the ratios that tokenizers are compared by."""
        return {
            "characters_per_token": self.characters / max(self.tokens, 1),
            "tokens_per_word": self.tokens / max(self.words, 1),
            "unknown_share": self.unknown / max(self.tokens, 1),
            "used_share": self.used / self.vocabulary,
        }


def measure(tokenizer: Tokenizer, texts: Iterable[str]) -> Counts:
    """Encode the texts and count."""
    texts = list(texts)
    uses = np.zeros(len(tokenizer), np.int64)
    for ids in tokenizer.encode_all(texts):
        uses += np.bincount(ids, minlength=len(uses))
    return Counts(
        texts=len(texts),
        characters=sum(map(len, texts)),
        words=sum(len(text.split()) for text in texts),
        tokens=int(uses.sum()),
        unknown=int(uses[UNKNOWN]),
        used=int(np.count_nonzero(uses)),
        vocabulary=len(tokenizer),
    )
